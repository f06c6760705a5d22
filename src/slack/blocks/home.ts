/** The Home tab: what waits for whoever opened it, what runs, what ended of late, and the ways in. Pure. */
import type { AnyBlock, Button, HomeView, KnownBlock } from '@slack/types';
import type { MigrationView } from '../../domain/view.ts';
import type { Waiting } from '../../domain/waits-for.ts';
import { name, sentence, stamp } from '../text.ts';
import { button, context, header, lines, section } from './elements.ts';
import { startButton } from './form.ts';
import { count, plural } from './format.ts';
import { detailsButton, plainButton } from './looking.ts';
import { endedLine, migrationLine, whereText } from './migration-line.ts';
import { BUTTON_WORDS, COMMAND } from './words.ts';

export const HOME_HISTORY = 'home:history';
export const HOME_SETTINGS = 'home:settings';
export const HOME_REFRESH = 'home:refresh';

export interface HomeModel {
  readonly waiting: readonly Waiting[];
  /** Newest first. */
  readonly running: readonly MigrationView[];
  readonly ended: readonly MigrationView[];
  /** Where status messages are, by migration. */
  readonly links: ReadonlyMap<string, string>;
  readonly maySeeSettings: boolean;
  /** What came of the last click in this tab, as it was told; null when there is nothing to say. */
  readonly notice: string | null;
  /** Wall-clock milliseconds. */
  readonly at: number;
}

export interface HomeRendering {
  readonly view: HomeView;
  /** Changes when anything but the freshness, and the figures inside dialogs, changes. */
  readonly key: string;
}

export const MOST_WAITING = 10;
export const MOST_RUNNING = 20;
export const MOST_ENDED = 10;

export function renderHome(model: HomeModel): HomeRendering {
  const solid: readonly KnownBlock[] = [
    { type: 'actions', block_id: 'ways', elements: ways(model) },
    ...(model.notice === null ? [] : [section(model.notice)]),
    ...waitingBlocks(model),
    ...runningBlocks(model),
    ...endedBlocks(model),
  ];
  const fresh = context(
    `As of ${stamp(model.at)}. This tab keeps itself up to date for ten minutes after it was opened. \`${COMMAND} help\` tells more.`,
  );
  const blocks: readonly AnyBlock[] = [...solid, fresh];
  return {
    view: { type: 'home', blocks: [...blocks] as HomeView['blocks'] },
    key: JSON.stringify(solid, (field, value: unknown) => (field === 'confirm' ? undefined : value)),
  };
}

/** The ways in, from left to right. */
function ways({ maySeeSettings }: HomeModel): Button[] {
  return [
    startButton(),
    plainButton(HOME_HISTORY, 'History', 'history'),
    ...(maySeeSettings ? [plainButton(HOME_SETTINGS, 'Settings', 'settings')] : []),
    plainButton(HOME_REFRESH, 'Refresh', 'refresh'),
  ];
}

function waitingBlocks({ waiting, links }: HomeModel): KnownBlock[] {
  if (waiting.length === 0) return [header('Waiting for you'), section('✅ Nothing waits for you.')];
  const shown = waiting.slice(0, MOST_WAITING);
  return [
    header(`Waiting for you (${count(waiting.length)})`),
    ...shown.flatMap((one, place): KnownBlock[] => {
      const asked = one.action === null ? [] : [button(one.view.id, one.action)];
      return [
        section(`${waitingText(one)}\n${whereText(one.view, links.get(one.view.id))}`),
        { type: 'actions', block_id: `waiting ${place}`, elements: [...asked, detailsButton(one.view.id)] },
      ];
    }),
    ...restBlock(waiting.length - shown.length),
  ];
}

function waitingText(one: Waiting): string {
  const who = `*${name(one.view.name, 80)}* \`${one.view.id}\``;
  if (one.kind === 'gate') {
    const { gate, needed, approvals, reason } = one.gate;
    const so = needed > 1 ? ` (${approvals.length} of ${plural(needed, 'approval')})` : '';
    const open = one.gate.early === true ? 'can be approved already' : 'is open and wants your approval';
    return `🔓 ${who}: *${gate}* ${open}${so}. ${sentence(reason, 500)}`;
  }
  if (one.kind === 'question')
    return `❓ ${who}: ${BUTTON_WORDS[one.action.action].title} ${sentence(one.action.consequence, 600)}`;
  const errors = one.view.findings.filter((finding) => finding.level === 'error');
  const [first] = errors;
  const more = errors.length > 1 ? ` And ${plural(errors.length - 1, 'more error')}.` : '';
  const fix = first?.fix == null ? '' : `\n→ ${sentence(first.fix, 300)}`;
  return `❌ ${who}: ${sentence(first?.text ?? '', 400)}${more}${fix}`;
}

function runningBlocks({ running, links }: HomeModel): KnownBlock[] {
  if (running.length === 0)
    return [header('Running'), section(`No migration is running. Type \`${COMMAND}\` in a channel to begin one.`)];
  const shown = running.slice(0, MOST_RUNNING);
  return [
    header(`Running (${count(running.length)})`),
    ...shown.map((view): KnownBlock => {
      return { ...section(migrationLine(view, links.get(view.id))), accessory: detailsButton(view.id) };
    }),
    ...restBlock(running.length - shown.length),
  ];
}

function endedBlocks({ ended, links }: HomeModel): KnownBlock[] {
  if (ended.length === 0) return [];
  const told = ended.slice(0, MOST_ENDED).map((view) => endedLine(view, links.get(view.id)));
  return [header('Ended of late'), section(lines(told, 2_900, 'more; History has them'))];
}

function restBlock(rest: number): KnownBlock[] {
  return rest > 0 ? [context(`and ${count(rest)} more: \`${COMMAND} list\` in a channel shows them all.`)] : [];
}
