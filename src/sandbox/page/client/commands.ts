/** What can be completed behind `/redis-migrate`. Pure. */
import type { DemoState, WorldServer } from '../state.ts';

export const COMMAND = '/redis-migrate';

interface Subcommand {
  readonly word: string;
  readonly usage: string;
  readonly about: string;
}

export const SUBCOMMANDS: readonly Subcommand[] = [
  { word: 'start', usage: '--src … --dst …', about: 'Check the servers and ask for approval' },
  { word: 'check', usage: '--src … --dst …', about: 'Look at the servers, change nothing' },
  { word: 'status', usage: '[ID]', about: 'Where a migration stands' },
  { word: 'sup', usage: '[ID]', about: 'How it is doing, in one line' },
  { word: 'list', usage: '', about: 'Running migrations' },
  { word: 'history', usage: '[WORDS]', about: 'Find migrations, newest first' },
  { word: 'approve', usage: 'ID GATE', about: 'Approve continue, switch or finish' },
  { word: 'abort', usage: 'ID', about: 'Give a migration up' },
  { word: 'rollback', usage: 'ID', about: 'Go back to the old servers' },
  { word: 'help', usage: '[TOPIC]', about: 'How to use the bot' },
];
const GATES = ['continue', 'switch', 'finish'];
const COMMANDS = SUBCOMMANDS.map(({ word }) => word).filter((word) => word !== 'help');
const TOPICS = [
  'gates',
  'approvals',
  'cutover',
  'canary',
  'schedule',
  'syncs',
  'looking',
  'passwords',
  'words',
  ...COMMANDS,
];
const FLAGS: readonly (readonly [string, string])[] = [
  ['--name', 'What to call it'],
  ['--cutover fenced', 'Proven: nothing is lost'],
  ['--cutover overlap', 'No downtime; a key written on both sides can be lost'],
  ['--canary', 'The number of a shard that goes over first'],
  ['--soak', 'Minutes until the others follow it'],
  ['--reason', 'Why, or the link of a ticket'],
  ['--at', 'Not before this time'],
  ['--window', 'Switch only in a window; when it opens, as in cron'],
  ['--window-minutes', 'How long the window stays open'],
  ['--zone', 'The time zone of these times'],
  ['--auto-switch', 'Switch by itself in the window'],
  ['--yes-wipe', 'Destinations that hold keys may be wiped'],
];

export interface Suggestion {
  /** The whole text after accepting it. */
  readonly text: string;
  readonly label: string;
  readonly usage: string;
  readonly about: string;
}

export interface Known {
  readonly servers: readonly WorldServer[];
  readonly migrations: readonly string[];
}

/** The ids of the migrations that the bot has spoken of, newest first. */
export function migrationsIn(state: DemoState): readonly string[] {
  const ids = state.messages
    .filter((message) => message.user === state.botUser)
    .flatMap((message) => message.text.match(/\bm-[a-z0-9]{4,}\b/g) ?? []);
  return [...new Set(ids.toReversed())];
}

export function complete(text: string, known: Known): readonly Suggestion[] {
  if (!text.startsWith('/') || text.includes('\n')) return [];
  const space = text.indexOf(' ');
  if (space < 0) {
    return COMMAND.startsWith(text)
      ? [{ text: `${COMMAND} `, label: COMMAND, usage: '[command]', about: 'Opens a form; Tab shows the commands' }]
      : [];
  }
  if (text.slice(0, space) !== COMMAND) return [];
  const words = text
    .slice(space + 1)
    .split(' ')
    .filter((word, place, all) => word !== '' || place === all.length - 1);
  const [first = '', ...rest] = words;
  if (rest.length === 0) return subcommands(first);
  return behind(first, rest, text, known);
}

function subcommands(prefix: string): readonly Suggestion[] {
  return SUBCOMMANDS.filter(({ word }) => word.startsWith(prefix)).map(({ word, usage, about }) => ({
    text: `${COMMAND} ${word}${usage === '' ? '' : ' '}`,
    label: word,
    usage,
    about,
  }));
}

function behind(word: string, rest: readonly string[], text: string, known: Known): readonly Suggestion[] {
  const last = rest.at(-1) ?? '';
  const head = text.slice(0, text.length - last.length);
  const from = (options: readonly string[], about: string) =>
    options
      .filter((option) => option.startsWith(last) && option !== last)
      .map((option) => ({ text: `${head}${option}`, label: option, usage: '', about }));
  if (word === 'start' || word === 'check') {
    if (rest.length === 1 && last === '') return fleet(word, known.servers);
    if (!last.startsWith('--')) return [];
    return FLAGS.filter(([flag]) => flag.startsWith(last) && !head.includes(flag.split(' ')[0] ?? flag)).map(
      ([flag, about]) => ({ text: `${head}${flag} `, label: flag, usage: '', about }),
    );
  }
  if (word === 'help') return rest.length === 1 ? from(TOPICS, 'Help on this') : [];
  if (word === 'approve' && rest.length === 2) return from(GATES, `Gate of ${rest[0] ?? ''}`);
  if (['status', 'sup', 'abort', 'rollback', 'approve'].includes(word) && rest.length === 1)
    return from(known.migrations, 'A migration');
  return [];
}

/** The command that moves the whole fleet of the demo. */
export function fleetCommand(word: string, servers: readonly WorldServer[]): string | null {
  const addresses = (side: WorldServer['side']) =>
    servers
      .filter((server) => server.side === side)
      .toSorted((a, b) => a.shard - b.shard)
      .map((server) => server.address);
  const sources = addresses('old');
  const destinations = addresses('new');
  if (sources.length === 0 || destinations.length !== sources.length) return null;
  return `${COMMAND} ${word} --src ${sources.join(' ')} --dst ${destinations.join(' ')} --name orders`;
}

function fleet(word: string, servers: readonly WorldServer[]): readonly Suggestion[] {
  const text = fleetCommand(word, servers);
  if (text === null) return [];
  const shards = servers.filter((server) => server.side === 'old').length;
  return [{ text, label: `${word} --src … --dst …`, usage: '', about: `All ${shards} servers of this demo` }];
}
