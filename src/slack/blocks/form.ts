/** The form for a new migration: what is shown at once, and its first page. Pure. */
import type { Button, InputBlock, KnownBlock, ModalView, PlainTextElement } from '@slack/types';
import { MAX_REASON } from '../../domain/draft.ts';
import type { Cutover } from '../../domain/plan.ts';
import { answerSentence } from '../text.ts';
import { header, noticeForm, plain, section } from './elements.ts';
import { FORM_WORDS as WORDS } from './form-words.ts';

export const START_FORM = 'form:start';
export const HOME_START = 'home:start';

/** block_id and action_id of each input. */
export const FIELDS = {
  sourcesGroup: 'sources_group',
  sources: 'sources',
  destinationsGroup: 'destinations_group',
  destinations: 'destinations',
  name: 'name',
  cutover: 'cutover',
  canary: 'canary',
  soak: 'soak',
  wipe: 'wipe',
  at: 'at',
  window: 'window',
  windowMinutes: 'window_minutes',
  zone: 'zone',
  autoSwitch: 'auto_switch',
  reason: 'reason',
  channel: 'channel',
  check: 'check',
} as const;

/** Slack's own limit for a text field. */
const MOST_CHARACTERS = 3000;

const CUTOVER_OPTIONS = [
  {
    value: 'fenced',
    text: 'fenced',
    description: 'Proven: nothing is lost. Writes wait until the application is re-pointed.',
  },
  { value: 'overlap', text: 'overlap', description: 'No downtime, but a key written on both sides can be lost.' },
] as const satisfies readonly { value: Cutover; text: string; description: string }[];

export interface StartFormOptions {
  /** Null: the form asks for one. */
  readonly channel: string | null;
  readonly defaultCutover: Cutover;
  /** Whether there are groups to choose from. */
  readonly hasGroups: boolean;
  /** Addresses to begin with. */
  readonly sources?: readonly string[];
  readonly destinations?: readonly string[];
  /** The time zone of whoever asks; null when Slack did not say. */
  readonly zone?: string | null;
}

/** On the screen at once: what the form needs to know takes longer than the three seconds in which it may be opened. */
export function momentForm(): ModalView {
  return noticeForm(`⏳ ${WORDS.moment}`, WORDS.title, WORDS.cancel);
}

/** In place of the form, for who may not ask for a migration. */
export function notYouForm(why: string): ModalView {
  return noticeForm(`✖️ ${answerSentence(why)}`, WORDS.title);
}

export function startForm(options: StartFormOptions): ModalView {
  const { channel, hasGroups } = options;
  const toldIn = channel !== null && /^[CG][A-Z0-9]+$/.test(channel) ? ` ${WORDS.toldIn(`<#${channel}>`)}` : '';
  return {
    type: 'modal',
    callback_id: START_FORM,
    title: plain(WORDS.title, 24),
    close: plain(WORDS.cancel, 24),
    submit: plain(WORDS.next, 24),
    private_metadata: JSON.stringify({ channel }),
    blocks: [
      section(`${WORDS.intro}${toldIn}`),
      header(WORDS.servers),
      ...(hasGroups ? [group(FIELDS.sourcesGroup, WORDS.sourcesGroup)] : []),
      servers(FIELDS.sources, hasGroups, options.sources ?? []),
      ...(hasGroups ? [group(FIELDS.destinationsGroup, WORDS.destinationsGroup)] : []),
      servers(FIELDS.destinations, hasGroups, options.destinations ?? []),
      header(WORDS.how),
      cutover(options.defaultCutover),
      number(FIELDS.canary, WORDS.canary, '1', WORDS.canaryHint),
      number(FIELDS.soak, WORDS.soak, '0', WORDS.soakHint),
      choice(FIELDS.wipe, WORDS.wipe, WORDS.wipeYes, WORDS.wipeAbout),
      header(WORDS.when),
      input(FIELDS.at, WORDS.at, { type: 'datetimepicker', action_id: FIELDS.at }, WORDS.atHint),
      line(FIELDS.window, WORDS.window, { max_length: 100, placeholder: WORDS.windowExample }, WORDS.windowHint),
      number(FIELDS.windowMinutes, WORDS.windowMinutes, '1', WORDS.windowMinutesHint),
      line(FIELDS.zone, WORDS.zone, { max_length: 60, initial: options.zone ?? '' }, WORDS.zoneHint),
      choice(FIELDS.autoSwitch, WORDS.autoSwitch, WORDS.autoSwitchYes, WORDS.autoSwitchAbout),
      header(WORDS.why),
      line(FIELDS.name, WORDS.name, { max_length: 80 }, WORDS.nameHint),
      line(FIELDS.reason, WORDS.reason, { max_length: MAX_REASON, multiline: true }),
      ...(channel === null ? [channelSelect()] : []),
      choice(FIELDS.check, WORDS.check, WORDS.checkYes, WORDS.checkAbout),
    ],
  };
}

/** For the Home tab. */
export function startButton(): Button {
  return { type: 'button', action_id: HOME_START, style: 'primary', text: plain(WORDS.begin, 75) };
}

/** `hint` is plain text. */
function input(id: string, label: string, element: InputBlock['element'], hint?: string): InputBlock {
  return {
    type: 'input',
    block_id: id,
    label: plain(label, 75),
    optional: true,
    element,
    ...(hint === undefined ? {} : { hint: plain(hint, 150) }),
  };
}

function group(id: string, label: string): InputBlock {
  return input(id, label, {
    type: 'external_select',
    action_id: id,
    min_query_length: 0,
    placeholder: plain(WORDS.searchGroups, 150),
  });
}

function servers(id: 'sources' | 'destinations', hasGroups: boolean, found: readonly string[]): InputBlock {
  const example = id === 'sources' ? WORDS.sourcesExample : WORDS.destinationsExample;
  const initial = asMany(found);
  const field = input(
    id,
    hasGroups ? WORDS.orAddresses : WORDS[id],
    {
      type: 'plain_text_input',
      action_id: id,
      multiline: true,
      max_length: MOST_CHARACTERS,
      placeholder: plain(example, 150),
      ...(initial === '' ? {} : { initial_value: initial }),
    },
    id === 'sources' ? WORDS.addressHint : undefined,
  );
  // Where there is nothing else to choose from, Slack itself asks for it.
  return { ...field, optional: hasGroups };
}

/** As many lines as a field has room for. */
function asMany(found: readonly string[]): string {
  let text = '';
  for (const server of found) {
    if (text.length + server.length + 1 > MOST_CHARACTERS) break;
    text += `${text === '' ? '' : '\n'}${server}`;
  }
  return text;
}

interface LineOptions {
  readonly max_length: number;
  readonly multiline?: boolean;
  readonly placeholder?: string;
  readonly initial?: string;
}

function line(id: string, label: string, options: LineOptions, hint?: string): InputBlock {
  const { placeholder, initial = '', ...more } = options;
  const element = {
    type: 'plain_text_input' as const,
    action_id: id,
    ...more,
    ...(placeholder === undefined ? {} : { placeholder: plain(placeholder, 150) }),
    ...(initial === '' ? {} : { initial_value: initial }),
  };
  return input(id, label, element, hint);
}

function number(id: string, label: string, least: '0' | '1', hint: string): InputBlock {
  // Only a shorter wait may be a part of a minute.
  const element = {
    type: 'number_input',
    action_id: id,
    is_decimal_allowed: id === FIELDS.soak,
    min_value: least,
  } as const;
  return input(id, label, element, hint);
}

function cutover(first: Cutover): InputBlock {
  const radios = CUTOVER_OPTIONS.map((option) => ({
    value: option.value,
    text: plain(option.text, 75),
    description: plain(option.description, 75),
  }));
  const initial = radios.find((radio) => radio.value === first);
  const id = FIELDS.cutover;
  return {
    ...input(id, WORDS.cutover, {
      type: 'radio_buttons',
      action_id: id,
      options: radios,
      ...(initial ? { initial_option: initial } : {}),
    }),
    optional: false,
  };
}

function choice(id: string, label: string, text: string, about: string): InputBlock {
  const option: { value: string; text: PlainTextElement; description: PlainTextElement } = {
    value: 'yes',
    text: plain(text, 75),
    description: plain(about, 75),
  };
  return input(id, label, { type: 'checkboxes', action_id: id, options: [option] });
}

function channelSelect(): KnownBlock {
  return {
    ...input(FIELDS.channel, WORDS.channel, {
      type: 'conversations_select',
      action_id: FIELDS.channel,
      default_to_current_conversation: true,
      filter: { include: ['public', 'private'], exclude_bot_users: true },
    }),
    optional: false,
  };
}
