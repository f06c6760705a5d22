/** Help, in a page a topic. Pure. */
import type { Answer } from './answers.ts';
import { header, section } from './elements.ts';
import { COMMAND } from './words.ts';

const GENERAL = [
  `\`${COMMAND}\` opens a form for a new migration`,
  `\`${COMMAND} start --src URL … --dst URL … [--name TEXT] [--cutover fenced|overlap] [--canary N [--soak MINUTES]] [--yes-wipe]\``,
  `\`${COMMAND} start OLD-GROUP NEW-GROUP\` takes two groups of the inventory`,
  `\`${COMMAND} check …\` looks at the servers, changes nothing, answers to you alone`,
  `\`${COMMAND} list\`, \`${COMMAND} history\`, \`${COMMAND} status [ID]\``,
  `\`${COMMAND} status [ID] --chart\` puts a chart of how it goes into its thread, \`--csv\` the list of all shards`,
  `\`${COMMAND} approve ID GATE\` shows the numbers and the button for *continue*, *switch* or *finish*`,
  `\`${COMMAND} abort ID\` shows what an abort would do, and the button`,
  `\`${COMMAND} rollback ID\` shows whether the way back is open, and the button`,
].join('\n');

const TOPICS: Readonly<Record<string, string>> = {
  start: [
    'Write the old servers behind `--src` and the new ones behind `--dst`: `host:port`, `redis://user@host:port`, or `rediss://…` for TLS. The first old server goes to the first new one, and so on.',
    'Everything is checked before anything is changed. A destination must be empty; `--yes-wipe` says that one with keys may be wiped, and the name has to be typed at *continue* as well.',
  ].join('\n'),
  gates: [
    '*continue* starts replication. The old servers keep serving; the new ones are filled.',
    '*switch* makes the new servers the masters; in an *overlap* it only lets them take writes as well. It opens when every shard is in step.',
    '*finish* ends the migration; in an *overlap* it makes the new servers the masters. It opens when nobody has written to the old masters for a while. An approver can open it earlier with a reason, which the channel is told.',
    'When it is finished, approvers can have the old servers shut down. One that somebody is still connected to is left, with the line to run by hand.',
    'Each needs its approvals. They can be taken back until the gate is passed, and are void when what was approved changes; the thread says so. An approver can *deny* a gate with a reason: it stays closed until they take that back, or somebody asks again. Where more approvals are needed than can be had, *Break glass* lets one approver pass an open gate alone, with the name typed and a reason, which the channel is told.',
    'A button that is not there cannot be used now, and the message says why.',
  ].join('\n'),
  cutover: [
    '*fenced*: writes stop for a moment, it is proven that the new servers have everything, then they take over. No acknowledged write is lost. Until the application is pointed at them, its writes are refused.',
    '*overlap*: both sides take writes for a while and the instances of the application move one by one. A key that is written on both sides can be lost.',
  ].join('\n'),
  canary: [
    '`--canary 2` lets shard 2 go over first, at the same *switch*. The others stay where they are and keep being copied while it soaks for `--soak` minutes (10 when not said, 0 to 1440); then they follow, without another click. Point the application at the new server of that shard as soon as it has gone over.',
    'While it soaks, *Roll back* brings that one shard back and ends the migration; the others have never left. Any trouble with a server holds the others back, and the message says why. Only for the *fenced* cut-over.',
  ].join('\n'),
  syncs: [
    'A new server copies its old one in a full sync. What would break it off (the output buffer for replicas, time-outs) is widened for that time and put back at the end.',
    'If a copy begins again and again, the message names the cause and the setting that mends it, with a button for approvers.',
    'If somebody else changes a server meanwhile, its shard is held: nothing is done to it, the switch is closed, and the message asks.',
  ].join('\n'),
  abort: [
    'Until *switch* an abort leaves every old server as it was and every new one a plain master. What was copied stays on it; the message says what.',
    'After *switch* only an *overlap* can be aborted, until *finish*, by an approver who types the name: what was written on the new side is given up. A *fenced* migration can be rolled back.',
  ].join('\n'),
  rollback:
    'After *switch* and before *finish* the old servers can take the writes again, by the same proof in the other direction: nothing that was acknowledged is lost. The message says whether the way back is open, or why not: it needs an old server of a version that can follow the new one, a link that came up, and no restart of the two since. It takes one approver. After *finish*, and in an *overlap*, there is none.',
  passwords:
    "Keep passwords out of Slack. Put the servers into the inventory as a group and name the password there as `env:NAME` or `file:PATH`, then start by the groups' names.",
};

export const HELP_TOPICS = Object.keys(TOPICS);

/** `near`: the topic that was probably meant. */
export function helpAnswer(topic: string | null, near: string | null): Answer {
  const more = `More: ${HELP_TOPICS.map((known) => `\`${COMMAND} help ${known}\``).join(', ')}`;
  const page = topic === null ? undefined : Object.hasOwn(TOPICS, topic) ? TOPICS[topic] : undefined;
  if (topic !== null && page !== undefined)
    return { text: `Help on ${topic}: ${page}`, blocks: [header(`Help: ${topic}`), section(page), section(more)] };
  const missed =
    topic === null ? '' : `There is no help on that.${near ? ` Did you mean \`${COMMAND} help ${near}\`?` : ''}\n`;
  return {
    text: `${missed}${GENERAL}`,
    blocks: [header('Moving sharded Redis servers, gate by gate'), section(`${missed}${GENERAL}`), section(more)],
  };
}
