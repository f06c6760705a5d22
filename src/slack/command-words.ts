/**
 * What is said of a command that is not understood. Pure. What was typed is repeated only where it cannot be a part of a
 * password.
 */
import { nameWithoutSecrets } from '../domain/endpoint.ts';
import { GATES } from '../domain/phase.ts';
import { CUTOVERS } from '../domain/plan.ts';
import { COMMAND } from './blocks/words.ts';
import { nearest } from './did-you-mean.ts';

const SERVERS = '--src old-1:6379 old-2:6379 --dst new-1:6379 new-2:6379';
const AN_ID = `An id looks like \`m-7k3q\`; \`${COMMAND} list\` shows those that are running.`;
const THE_GATES = `The gates are ${GATES.join(', ')}.`;

/** Words of other tools for what ours do. They are never carried out, only explained. */
const MEANT: Readonly<Record<string, string>> = {
  begin: 'start',
  migrate: 'start',
  move: 'start',
  new: 'start',
  run: 'start',
  dryrun: 'check',
  'dry-run': 'check',
  plan: 'check',
  preflight: 'check',
  test: 'check',
  ls: 'list',
  show: 'status',
  info: 'status',
  state: 'status',
  log: 'history',
  cancel: 'abort',
  kill: 'abort',
  stop: 'abort',
  back: 'rollback',
  revert: 'rollback',
  undo: 'rollback',
  'roll-back': 'rollback',
  accept: 'approve',
  confirm: 'approve',
  continue: 'approve',
  finish: 'approve',
  switch: 'approve',
};

/** The word as it was typed, where it looks like one of ours or like an id. */
function named(word: string, otherwise: string): string {
  return /^([a-z-]{1,20}|m-[a-z0-9]{1,8})$/i.test(word) ? `\`${word}\`` : otherwise;
}

export function quoted(token: string | undefined): string {
  return `"${nameWithoutSecrets(token ?? '').replaceAll('`', '')}"`;
}

function didYouMean(near: string | null): string {
  return near === null ? '' : ` Did you mean \`${near}\`?`;
}

/** The running migration whose id is nearest to what was typed; one character apart, no more. */
export function nearestId(typed: string, running: readonly string[]): string | null {
  const bare = typed.toLowerCase().replace(/^m-?/, '');
  const near = nearest(
    bare,
    running.map((id) => id.slice(2)),
  );
  return near === null ? null : `m-${near}`;
}

export const COMMAND_WORDS = {
  unknownWord(word: string, known: readonly string[]): string {
    const meant = MEANT[word.toLowerCase()];
    const near = meant ?? nearest(word, known);
    const said = /^[a-z-]{1,20}$/i.test(word)
      ? `\`${word}\` is not one of this bot's words.`
      : 'This bot does not know that word.';
    return near === null
      ? `${said} \`${COMMAND} help\` shows them.`
      : `${said}${didYouMean(`${COMMAND} ${near}`)} \`${COMMAND} help ${near}\` says how it is used.`;
  },
  later: (word: string) => `\`${word}\` comes in a later version of this bot. Nothing was done.`,
  oneFile: '`status` takes one of `--chart` and `--csv` at a time.',
  nothingBehind: (word: string) => `\`${word}\` takes nothing behind it.`,
  approveHow: `Say which migration and which gate: \`${COMMAND} approve m-7k3q switch\`. ${THE_GATES}`,
  unknownGate: (typed: string) =>
    `There is no gate ${named(typed, 'of that name')}.${didYouMean(nearest(typed, GATES))} ${THE_GATES}`,
  whichMigration: (word: string) => `Say which migration: \`${COMMAND} ${word} m-7k3q\`. ${AN_ID}`,
  oneMigration: (word: string) => `\`${word}\` takes one migration at a time. ${AN_ID}`,
  noId: (typed: string, near: string | null) =>
    `${named(typed, 'That')} is not the id of a migration.${didYouMean(near)} ${AN_ID}`,

  unknownOption(option: string, known: readonly string[]): string {
    const near = nearest(option.replace(/^-+/, '--'), known);
    const said = `There is no option \`${nameWithoutSecrets(option).replaceAll('`', '').slice(0, 30)}\`.`;
    return near === null
      ? `${said} There are ${known.map((one) => `\`${one}\``).join(', ')}.`
      : `${said}${didYouMean(near)}`;
  },
  noValue: (option: string) => `\`${option}\` takes no value.`,
  twice: (option: string) => `\`${option}\` is there twice.`,
  needs: (option: string, what: string) => `\`${option}\` needs ${what}.`,
  unknownCutover: (typed: string) =>
    `\`--cutover\` is ${CUTOVERS.join(' or ')}, not ${named(typed, 'that')}.${didYouMean(nearest(typed, CUTOVERS))}`,
  fromWhere: (word: string) =>
    `\`${word}\` needs to know from where to where: \`${COMMAND} ${word} ${SERVERS}\`, or two groups of the inventory: \`${COMMAND} ${word} orders-old orders-new\`.`,
  whereBelongs: (token: string | undefined) =>
    `It is not clear where ${quoted(token)} belongs. Put \`--src\` before the old servers, \`--dst\` before the new ones, and quotes around a name with spaces.`,
  twoNames: (word: string, many: number) =>
    `Without \`--src\` and \`--dst\` there must be exactly two names, the old group and the new one; there ${many === 1 ? 'is 1' : `are ${many}`}. For single servers write \`${COMMAND} ${word} ${SERVERS}\`.`,
  noSources: 'The old servers are missing: put them behind `--src`.',
  noDestinations: 'The new servers are missing: put them behind `--dst`.',
  halfAnAddress:
    'One address seems to be cut in two, or has something behind its last colon that is not a port. It is not repeated here because it may be a password. Keep passwords out of Slack: name them in the inventory as `env:NAME` or `file:PATH`.',

  unknownGroup(token: string, groups: readonly string[], word: string): string {
    const known = groups.length === 0 ? 'The bot has no inventory' : `The inventory has ${listed(groups)}`;
    return `There is no group ${quoted(token)} in the inventory.${didYouMean(nearest(token, groups))} ${known}. For single servers write \`${COMMAND} ${word} --src HOST:PORT … --dst HOST:PORT …\`.`;
  },
} as const;

function listed(groups: readonly string[]): string {
  const shown = groups.slice(0, 10).map((group) => `\`${group}\``);
  return groups.length > 10 ? `${shown.join(', ')} and ${groups.length - 10} more` : shown.join(', ');
}
