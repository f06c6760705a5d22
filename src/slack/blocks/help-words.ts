/** Everything that `help` says: a page for each command and each topic. Pure. Each page has to fit into 2900 characters. */
import { COMMAND } from './words.ts';

export interface HelpPage {
  /** In the list of all pages; a few words. */
  readonly about: string;
  /** How it is written; left out for topics. */
  readonly usage?: string;
  readonly example?: string;
  readonly text: readonly string[];
}

export const HELP_TITLE = 'Moving sharded Redis servers, gate by gate';
export const HELP_INTRO = `\`${COMMAND}\` alone opens a form for a new migration. So do the button on the Home tab and _Migrate these servers_ in the menu of a message. Everything else is a word behind it:`;

const COPIED =
  'The first old server goes to the first new one, and so on. The bot copies with Redis’ own replication; the data never passes through it.';

export const COMMAND_PAGES = {
  start: {
    about: 'asks for a migration; servers are looked at, nothing is changed yet',
    usage: 'start --src OLD … --dst NEW … [options], or start OLD-GROUP NEW-GROUP [options]',
    example: 'start --src old-1:6379 old-2:6379 --dst new-1:6379 new-2:6379 --name orders --reason OPS-12',
    text: [
      `Servers are written as \`host:port\`, \`redis://user@host:port\`, or \`rediss://…\` for TLS. Groups are lists of servers that the bot has in its inventory. ${COPIED}`,
      'Everything is checked first. Nothing is changed before somebody approves *continue*. The options:',
      '• `--name TEXT` how it is called in the channel',
      '• `--reason TEXT` why, or the link of a ticket; it stands in the status message and the report',
      `• \`--cutover fenced|overlap\` how writes go from old to new: \`${COMMAND} help cutover\``,
      `• \`--canary N\` and \`--soak MINUTES\` let one shard go over first: \`${COMMAND} help canary\``,
      `• \`--at TIME\`, \`--window CRON\`, \`--window-minutes N\`, \`--zone ZONE\`, \`--auto-switch\`: \`${COMMAND} help schedule\``,
      '• `--yes-wipe` new servers that hold keys may be wiped; without it they must be empty. The name has to be typed at *continue* as well.',
    ],
  },
  check: {
    about: 'looks at the servers, changes nothing, answers to you alone',
    usage: 'check (the same as behind start)',
    example: 'check orders-old orders-new',
    text: [
      'Tells what a migration would find: servers, keys, bytes, and every problem with what mends it. Nothing is changed and nothing is kept. The form has a box for it, too.',
    ],
  },
  status: {
    about: 'where a migration stands, with all its figures',
    usage: 'status [ID] [--chart|--csv]',
    example: 'status m-7k3q',
    text: [
      'Without an id it shows the one that is running, or the list when there are several. If its message in the channel was deleted, it is posted again.',
      '`--chart` puts a picture of how it goes into its thread, `--csv` the list of all shards.',
    ],
  },
  sup: {
    about: 'how they are doing, in a line each',
    usage: 'sup [ID]',
    example: 'sup',
    text: ['One line for each migration that is running: its phase, how far it is, and what it waits for.'],
  },
  list: {
    about: 'migrations that are running, with their ids',
    usage: 'list',
    example: 'list',
    text: ['Each has an id such as `m-7k3q`. Most other words take it.'],
  },
  history: {
    about: 'all migrations, newest first',
    usage: 'history [WORDS]',
    example: 'history orders finished',
    text: [
      'With words behind it, only those that have all of them in their id, name, phase or hosts, or among their people.',
    ],
  },
  approve: {
    about: 'shows the numbers and the button of a gate, to you alone',
    usage: 'approve ID GATE',
    example: 'approve m-7k3q switch',
    text: [
      `The gates are *continue*, *switch* and *finish*: \`${COMMAND} help gates\`. The command approves nothing by itself; the button does, and it is the same one as in the status message.`,
    ],
  },
  abort: {
    about: 'shows what an abort would do, and the button',
    usage: 'abort ID',
    example: 'abort m-7k3q',
    text: [
      'Until *switch* an abort leaves every old server as it was and every new one a plain master. What was copied stays on it; the message says what.',
      'After *switch* only an *overlap* can be aborted, until *finish*, by an approver who types the name: what was written on the new side is given up. A *fenced* migration can be rolled back.',
    ],
  },
  rollback: {
    about: 'shows whether the way back is open, and the button',
    usage: 'rollback ID',
    example: 'rollback m-7k3q',
    text: [
      'After *switch* and before *finish* the old servers can take the writes again, by the same proof in the other direction: nothing that was acknowledged is lost. It takes one approver.',
      'The message says whether the way back is open, or why not: it needs an old server of a version that can follow the new one, a link that came up, and no restart of the two since. After *finish*, and in an *overlap*, there is none.',
    ],
  },
  verify: {
    about: 'compares old and new, key by key; comes in a later version',
    usage: 'verify ID',
    example: 'verify m-7k3q',
    text: ['This comes in a later version of the bot. Typed now, it says so and does nothing.'],
  },
} as const satisfies Readonly<Record<string, HelpPage>>;

export const TOPIC_PAGES = {
  gates: {
    about: 'the three points where people decide',
    text: [
      '*continue* starts replication. The old servers keep serving; the new ones are filled.',
      '*switch* makes the new servers the masters; in an *overlap* it only lets them take writes as well. It opens when every shard is in step.',
      '*finish* ends the migration; in an *overlap* it makes the new servers the masters. It opens when nobody has written to the old masters for a while. An approver can open it earlier with a reason, which the channel is told.',
      'When it is finished, approvers can have the old servers shut down. One that somebody is still connected to is left, with the line to run by hand.',
      'Each needs its approvals. A button that is not there cannot be used now, and the message says why.',
    ],
  },
  approvals: {
    about: 'approve, take back, deny, ask again, break glass',
    text: [
      'An approval belongs to what was seen: it is void when the plan, the phase or what the check found is another one, and when it gets too old. How many a gate needs, and whether your own counts for what you asked for, is up to whoever runs the bot.',
      '*Take back approval*: until it was used, an approval can be taken back by whoever gave it.',
      '*Deny*: an approver says no, with a reason. The gate stays closed until the denial is taken back or somebody presses *Ask again*.',
      '*Break glass*: where one approval may not be enough, an approver can pass an open gate alone, in an emergency. The name has to be typed, and a reason; the whole channel is told.',
    ],
  },
  cutover: {
    about: 'how writes go from old to new: fenced or overlap',
    text: [
      '*fenced*: writes stop for a moment, it is proven that the new servers have everything, then they take over. No acknowledged write is lost. Until the application is pointed at them, its writes are refused.',
      '*overlap*: both sides take writes for a while and the instances of the application move one by one. A key that is written on both sides can be lost.',
    ],
  },
  canary: {
    about: 'one shard goes over first, the others wait',
    text: [
      '`--canary 2` lets shard 2 go over first, at the same *switch*. The others stay where they are and keep being copied while it soaks for `--soak` minutes (10 when not said, 0 to 1440); then they follow, without another click. Point the application at the new server of that shard as soon as it has gone over.',
      'While it soaks, *Roll back* brings that one shard back and ends the migration; the others have never left. Any trouble with a server holds the others back, and the message says why. Only for the *fenced* cut-over.',
    ],
  },
  schedule: {
    about: 'a start time, windows for the switch, switching by itself',
    text: [
      '`--at "2026-12-05 02:00"` keeps *continue* closed until then, or `--at 02:00` until the next time that it is two. It can be approved before.',
      '`--window "0 2 * * 6"` lets *switch* happen only in a window that opens then: minute, hour, day, month, weekday, as in cron. This one is Saturdays at 02:00. `--window-minutes 90` says how long it stays open; 60 when not said.',
      '`--zone Europe/Berlin` is where these times are meant; UTC when not said. In messages everybody sees them in their own time.',
      '`--auto-switch` switches by itself in a window, if the gate is open then and was approved beforehand. When the window closes first, nothing happens and the channel is told.',
    ],
  },
  syncs: {
    about: 'how a new server is filled, and what can break that off',
    text: [
      'A new server copies its old one in a full sync: the old one writes a snapshot, sends it, and then sends every write that came since. What would break it off (the output buffer for replicas, time-outs) is widened for that time and put back at the end.',
      'If a copy begins again and again, the message names the cause and the setting that mends it, with a button for approvers.',
      'If somebody else changes a server meanwhile, its shard is held: nothing is done to it, the switch is closed, and the message asks.',
    ],
  },
  looking: {
    about: 'details of every shard, and the Home tab',
    text: [
      '*Details* under every status message lists all shards, the worst first, twenty a page. A number typed into its search opens that shard’s own page: both servers side by side, their stream offsets and replication ids, the settings that the bot changed, and the last events.',
      'The Home tab of the bot shows what waits for you, what runs, and what ended of late. It keeps itself up to date for ten minutes after it was opened. *History* there searches all migrations; *Settings*, for approvers, says who may do what.',
    ],
  },
  passwords: {
    about: 'how the bot gets them without anybody typing one',
    text: [
      "Keep passwords out of Slack. Put the servers into the inventory as a group and name the password there as `env:NAME` or `file:PATH`, then start by the groups' names.",
      'A server of the inventory has its user and password also when its address is typed.',
    ],
  },
  words: {
    about: 'what the words mean',
    text: [
      '*shard*: one old server and the new one that it goes to.',
      '*master, replica*: the server that takes writes, and one that copies it all the time.',
      '*full sync*: the whole of the data is copied once. After that a replica gets each write as it comes.',
      '*lag*: how many bytes of writes a new server has not had yet. *In step*: next to none, twice in a row.',
      '*offset*: how many bytes of writes a server has sent or had. Equal offsets mean equal data.',
      '*gate*: a point where nothing happens until people approve.',
      '*cut-over*: the moment when writes go from old to new. *Pause*: how long they stand still for it.',
      '*the proof*: writes are stopped, the new server is seen to have every byte, only then it becomes the master. If anything is late, all is let go and nothing has changed.',
      '*fence*: the old server is made to refuse writes, so that nobody writes to the wrong side. It stays.',
      '*way back*: the old server follows the new one, so it can take over again without losing a write.',
      '*canary, soak*: the shard that goes over first, and how long the others wait to see that it is well.',
      '*quiet*: nobody has tried to write to the old servers for a while.',
      '*held*: somebody else changed a server; the bot leaves that shard alone and asks.',
      '*the axe*: shutting the old servers down at the end.',
    ],
  },
} as const satisfies Readonly<Record<string, HelpPage>>;

/** What people look for under another name → its page. */
export const ALSO: Readonly<Record<string, keyof typeof COMMAND_PAGES | keyof typeof TOPIC_PAGES>> = {
  gate: 'gates',
  continue: 'gates',
  switch: 'gates',
  finish: 'gates',
  deny: 'approvals',
  'break-glass': 'approvals',
  revoke: 'approvals',
  'cut-over': 'cutover',
  fenced: 'cutover',
  overlap: 'cutover',
  soak: 'canary',
  at: 'schedule',
  window: 'schedule',
  windows: 'schedule',
  zone: 'schedule',
  'auto-switch': 'schedule',
  time: 'schedule',
  sync: 'syncs',
  replication: 'syncs',
  password: 'passwords',
  inventory: 'passwords',
  groups: 'passwords',
  glossary: 'words',
  details: 'looking',
  home: 'looking',
  options: 'start',
  reason: 'start',
  wipe: 'start',
  form: 'start',
  'dry-run': 'check',
  'roll-back': 'rollback',
  back: 'rollback',
};
