/**
 * The second page of the form: who goes where, before anything starts. Pure.
 *
 * The pairs are one text of fixed width and not blocks of their own: a form has room for 100 blocks, and columns can be
 * compared by eye. The order is changed in a field that holds the new servers alone, a line each: a list can be pasted
 * from elsewhere, a line can be moved, and 200 of them still fit, in as many fields as it takes.
 */
import type { ActionsBlock, InputBlock, KnownBlock, ModalView, RichTextBlock } from '@slack/types';
import { canaryText } from '../../domain/canary.ts';
import { addressOf } from '../../domain/endpoint.ts';
import { destinationsOf, oddPairs } from '../../domain/pair-order.ts';
import type { Plan } from '../../domain/plan.ts';
import { scheduleText } from '../../domain/schedule-words.ts';
import { listText } from '../../domain/words.ts';
import { fit, name, sentence } from '../text.ts';
import { context, noticeForm, plain, section } from './elements.ts';
import { PAIRS_WORDS as WORDS } from './form-words.ts';
import { plural } from './format.ts';

export const PAIRS_FORM = 'form:pairs';
export const PAIR_BUTTONS = /^pairs:(match|given)$/;
export const ORDER_FIELD = 'order';

/** What a form carries with it: where its plan is, and how often it was drawn. */
export interface PairsContext {
  readonly draft: string;
  /** Slack keeps what stands in a field for as long as its block keeps its id: with every new order there are new ones. */
  readonly revision: number;
}

export interface PairsFormOptions {
  readonly plan: Plan;
  readonly given: readonly string[];
  readonly onlyCheck: boolean;
  readonly context: PairsContext;
  /** Whether the order that is shown is one that nobody has seen yet. */
  readonly isChanged: boolean;
}

const CHUNK = 2_800;
const MOST_FIELDS = 20;
/** Above so many shards the columns get narrower: a view may have 250 kB. */
const MANY_SHARDS = 200;

export function orderBlock(revision: number, part: number): string {
  return `order-${revision}-${part}`;
}

export function pairsForm(options: PairsFormOptions): ModalView {
  const { plan, onlyCheck } = options;
  return {
    type: 'modal',
    callback_id: PAIRS_FORM,
    title: plain(WORDS.title, 24),
    submit: plain(onlyCheck ? WORDS.check : WORDS.start, 24),
    close: plain(WORDS.back, 24),
    private_metadata: JSON.stringify(options.context satisfies PairsContext),
    blocks: [
      section(`${options.isChanged ? `${WORDS.changed}\n` : ''}${summary(plan)}`),
      ...warning(plan),
      ...table(plan),
      ...(plan.shards.length < 2 ? [] : order(options)),
      context(onlyCheck ? WORDS.checks : WORDS.starts),
    ],
  };
}

/** In place of a page whose plan the bot does not have any more. */
export function goneForm(): ModalView {
  return noticeForm(`✖️ ${WORDS.gone}`, WORDS.title, WORDS.back);
}

function summary(plan: Plan): string {
  const wipe = plan.yesWipe ? ', new servers that hold keys may be wiped' : '';
  const why = plan.reason === undefined ? '' : `\nWhy: ${fit(plan.reason, 600)}`;
  return `*${name(plan.name)}*: ${plural(plan.shards.length, 'shard')}, ${plan.cutover} cut-over${canaryText(plan.canary)}${sentence(scheduleText(plan.schedule))}${wipe}. ${WORDS.look}${why}`;
}

function warning(plan: Plan): KnownBlock[] {
  const odd = oddPairs(plan).map((index) => String(index + 1));
  if (odd.length === 0) return [];
  return [section(WORDS.looksWrong(`${odd.length === 1 ? 'shard' : 'shards'} ${listText(odd, 10)}`, 'are'))];
}

/** The lines of the table, without its head. Each address is cut in its middle where it is very long. */
function table(plan: Plan): RichTextBlock[] {
  const widest = plan.shards.length > MANY_SHARDS ? 40 : 60;
  const rows = plan.shards.map((shard) => [
    String(shard.index + 1),
    cutAddress(addressOf(shard.source), widest),
    cutAddress(addressOf(shard.destination), widest),
  ]);
  const all = [['#', 'old', 'new'], ...rows];
  const width = (column: number) => Math.max(...all.map((row) => row[column]?.length ?? 0));
  const [numbers, olds] = [width(0), width(1)];
  const lines = all.map(([number = '', source = '', destination = ''], place) =>
    `${number.padStart(numbers)}  ${source.padEnd(olds)}  ${place === 0 ? ' ' : '→'}  ${destination}`.trimEnd(),
  );
  return chunks(lines).map((part) => ({
    type: 'rich_text',
    elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: part.join('\n') }] }],
  }));
}

function cutAddress(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = 14;
  return `${text.slice(0, most - tail - 1)}…${text.slice(-tail)}`;
}

function order({ plan, given, context: { revision } }: PairsFormOptions): KnownBlock[] {
  const destinations = destinationsOf(plan);
  const changed = destinations.some((address, place) => address !== given[place]);
  const parts = chunks(destinations);
  const fields = parts.length > MOST_FIELDS ? [context(WORDS.tooMany)] : orderFields(parts, revision);
  return [buttons(changed), ...fields];
}

function orderFields(parts: readonly (readonly string[])[], revision: number): InputBlock[] {
  let before = 0;
  return parts.map((part, number) => {
    const label = parts.length === 1 ? WORDS.order : WORDS.orderPart(before + 1, before + part.length);
    before += part.length;
    return {
      type: 'input',
      block_id: orderBlock(revision, number),
      label: plain(label, 75),
      hint: plain(WORDS.orderHint, 150),
      element: {
        type: 'plain_text_input',
        action_id: ORDER_FIELD,
        multiline: true,
        max_length: 3000,
        initial_value: part.join('\n'),
      },
    };
  });
}

function buttons(changed: boolean): ActionsBlock {
  const one = (action: string, label: string) =>
    ({ type: 'button', action_id: action, text: plain(label, 75) }) as const;
  return {
    type: 'actions',
    block_id: 'pairs',
    elements: [one('pairs:match', WORDS.matched), ...(changed ? [one('pairs:given', WORDS.asGiven)] : [])],
  };
}

/** Whole lines, as many as fit into one text. */
function chunks(lines: readonly string[]): string[][] {
  const parts: string[][] = [];
  let room = 0;
  for (const line of lines) {
    const last = parts.at(-1);
    if (last === undefined || line.length + 1 > room) {
      parts.push([line]);
      room = CHUNK - line.length;
    } else {
      last.push(line);
      room -= line.length + 1;
    }
  }
  return parts;
}
