/**
 * The one live message of a migration. Pure: the same view gives the same blocks. What grows old (the freshness line)
 * stays out of `key`, so that a message is only sent again when it says something new.
 */
import type { AnyBlock, KnownBlock } from '@slack/types';
import { canaryText } from '../../domain/canary.ts';
import { hasEnded, type Phase } from '../../domain/phase.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Finding } from '../../domain/preflight.ts';
import { scheduleText } from '../../domain/schedule-words.ts';
import type { GateView, LateClient, MigrationView, ShardView } from '../../domain/view.ts';
import { listText, shardText } from '../../domain/words.ts';
import { bareName, fit, mention, name, sentence, stamp } from '../text.ts';
import { button, context, cutTexts, header, lines, section, textLength } from './elements.ts';
import { ago, agoStep, bytes, count, duration, percent, plural, rate } from './format.ts';
import { detailsButton } from './looking.ts';
import { type Rung, shardBlocks, statesLine } from './shard-table.ts';
import { isLive, nextGate, PHASE_WORDS } from './words.ts';

export interface Rendering {
  readonly text: string;
  readonly blocks: readonly AnyBlock[];
  /** Changes when anything but the freshness changes. Dialogs of live phases are freshened with it: figures in them swing. */
  readonly key: string;
  /** Changes when people have something new to do or to know at once: phase, buttons, gates. */
  readonly signature: string;
}

/** Slack refused 13.2 k characters of block text; 12 k is the promise, this leaves room for what others count. */
const MESSAGE_ROOM = 11_000;
/** Of it, for the shards, whatever else there is to say. */
const SHARDS_ROOM = 1_500;
const TEXTS_AT_MOST = [2_000, 1_200, 800, 500, 300];

export function renderStatus(view: MigrationView, rung: Rung = 'table'): Rendering {
  const whole: KnownBlock[] = [
    header(`${PHASE_WORDS[view.phase].sign} ${bareName(view.name, 90)} · ${PHASE_WORDS[view.phase].word}`),
    context(
      `\`${view.id}\` · ${view.cutover} cut-over${canaryText(view.canary)} · asked for by ${mention(view.requestedBy)} ${stamp(view.createdAt)} · ${PHASE_WORDS[view.phase].word} since ${stamp(view.phaseSince)}`,
    ),
    ...reasonBlocks(view.reason),
    ...waitingBlocks(view),
    ...scheduleBlocks(view),
    section(totalsLine(view, rung)),
  ];
  const [top, findings, bottom] = withRoom([
    whole,
    rung === 'bare' ? [] : findingBlocks(view),
    [...gateBlocks(view), ...lateBlocks(view), buttons(view)],
  ]);
  const room = MESSAGE_ROOM - textLength([top, bottom, findings]);
  const solid = [...top, ...findings, ...shardBlocks(unsaid(view), rung, Math.max(SHARDS_ROOM, room)), ...bottom];
  return {
    text: fallback(view),
    blocks: [...solid, freshness(view)],
    key: keyOf(view, solid),
    signature: signatureOf(view),
  };
}

type Parts = readonly [readonly KnownBlock[], readonly KnownBlock[], readonly KnownBlock[]];

/** Everything at its longest at once would be refused on every rung: then the longest texts are cut, all alike. */
function withRoom(parts: Parts): Parts {
  const cut = ([top, findings, bottom]: Parts, limit: number): Parts => [
    cutTexts(top, limit),
    cutTexts(findings, limit),
    cutTexts(bottom, limit),
  ];
  let fitted = parts;
  for (const limit of TEXTS_AT_MOST) {
    if (textLength(fitted) <= MESSAGE_ROOM - SHARDS_ROOM) break;
    fitted = cut(parts, limit);
  }
  return fitted;
}

function keyOf({ phase }: MigrationView, blocks: readonly KnownBlock[]): string {
  return JSON.stringify(blocks, (field, value: unknown) => (field === 'confirm' && isLive(phase) ? undefined : value));
}

/** The shards without the reasons that stand in the headline already. */
function unsaid(view: MigrationView): readonly ShardView[] {
  const said = view.waitingFor ?? '';
  return view.shards.map((shard) =>
    shard.reason !== null && said.includes(shard.reason) ? { ...shard, reason: null } : shard,
  );
}

export function signatureOf(view: MigrationView): string {
  return JSON.stringify([
    view.phase,
    view.actions.map((action) => [action.action, action.value, action.ask]),
    view.gates.map((gate) => [
      gate.gate,
      gate.open,
      gate.approvals.map((one) => one.user),
      gate.denied?.at,
      gate.brokenGlass?.at,
    ]),
  ]);
}

/** What stands in the channel between the request and the first look at the servers. */
export function renderFirst(plan: Plan): { text: string; blocks: AnyBlock[] } {
  const words = PHASE_WORDS.checking;
  return {
    text: `${words.sign} ${name(plan.name)} (${plan.id}) is being checked. Nothing is changed before somebody approves.`,
    blocks: [
      header(`${words.sign} ${bareName(plan.name, 90)} · ${words.word}`),
      context(
        `\`${plan.id}\` · ${plan.cutover} cut-over${canaryText(plan.canary)} · asked for by ${mention(plan.requestedBy)} ${stamp(plan.createdAt)}`,
      ),
      ...reasonBlocks(plan.reason ?? null),
      section(
        `${plural(plan.shards.length, 'shard')}${sentence(scheduleText(plan.schedule), 600)}. All servers are being looked at; nothing is changed before somebody approves.`,
      ),
    ],
  };
}

/** Calls nobody; the address of a ticket can be clicked. */
function reasonBlocks(reason: string | null): KnownBlock[] {
  return reason === null ? [] : [context(`Why: ${fit(reason, 600)}`)];
}

/** The same message when the request came to nothing after it was posted. */
export function renderNotStarted(plan: Plan, problems: readonly string[]): { text: string; blocks: AnyBlock[] } {
  const why = problems.map((problem) => sentence(problem, 400));
  return {
    text: `${name(plan.name)} (${plan.id}) was not started. ${why.join(' ')}`.slice(0, 2900),
    blocks: [
      header(`✖️ ${bareName(plan.name, 90)} · not started`),
      section(lines(why, 2800)),
      context(`\`${plan.id}\` · Nothing was changed.`),
    ],
  };
}

/** Stands alone on a phone's screen. */
export function fallback(view: MigrationView): string {
  const { sign, word } = PHASE_WORDS[view.phase];
  const waits = view.waitingFor === null ? '' : ` – ${sentence(view.waitingFor, 300)}`;
  return `${sign} ${name(view.name)} (${view.id}) is ${word}${waits}`;
}

/** What is so in the end; states of shards alone would not say whose the writes are. */
const IN_THE_END: Readonly<Partial<Record<Phase, string>>> = {
  finished: 'The new servers are the masters.',
  rolled_back: 'The old servers are the masters again.',
};

/** An overlap that is aborted may have taken writes on both sides. */
function inTheEnd({ phase, cutover, shards }: MigrationView): string | undefined {
  const nothingWentOver =
    cutover === 'fenced' && shards.every((shard) => shard.state !== 'promoted' && shard.pauseMs === null);
  if (phase === 'aborted' && nothingWentOver) return 'Nothing went over. The old servers go on as before.';
  const stay = shards.filter((shard) => shard.state === 'promoted').map((shard) => shardText(shard.index));
  if (phase !== 'rolled_back' || stay.length === 0) return IN_THE_END[phase];
  return `The old servers are the masters again, but not of ${listText(stay)}: ${stay.length === 1 ? 'that stays on its new server' : 'those stay on their new servers'}.`;
}

function waitingBlocks(view: MigrationView): KnownBlock[] {
  const end = inTheEnd(view);
  return [
    ...(end === undefined ? [] : [section(`ℹ️ ${end}`)]),
    ...(view.waitingFor === null
      ? []
      : [section(`${hasEnded(view.phase) ? 'ℹ️' : '⏳'} ${sentence(view.waitingFor, 900)}`)]),
  ];
}

/** What is to come by the clock, unless the headline says it word for word. */
function scheduleBlocks({ schedule }: MigrationView): KnownBlock[] {
  return schedule?.text == null ? [] : [context(`🗓️ ${sentence(schedule.text, 900)}`)];
}

function totalsLine(view: MigrationView, rung: Rung): string {
  const { servers, keys, bytes: size } = view.totals;
  const totals = `*${plural(servers, 'server')}* · *${count(keys)}* keys · *${bytes(size)}*`;
  const overall = view.phase === 'syncing' ? overallLine(view) : '';
  return `${totals}${overall}${rung === 'table' && view.shards.length <= 20 && view.shards.length > 0 ? `\n${statesLine(view.shards)}` : ''}`;
}

/** What nobody can tell is left out, or said to be unknown. */
function overallLine({ progress }: MigrationView): string {
  const parts = [progress.percent === null ? 'how far is unknown' : `${percent(progress.percent)} done`];
  if (progress.bytesPerSecond !== null && progress.bytesPerSecond > 0) parts.push(rate(progress.bytesPerSecond));
  if (progress.etaSeconds !== null && progress.etaSeconds > 0)
    parts.push(`about ${duration(progress.etaSeconds)} left`);
  return ` · ${parts.join(' · ')}`;
}

const LEVEL_SIGN = { error: '❌ error', warning: '⚠️ warning', note: 'ℹ️ note' } satisfies Record<
  Finding['level'],
  string
>;

/** Errors first, each with what mends it. */
export function findingLines(findings: readonly Finding[]): string[] {
  const order = { error: 0, warning: 1, note: 2 } satisfies Record<Finding['level'], number>;
  return findings
    .toSorted((a, b) => order[a.level] - order[b.level] || (a.shard ?? -1) - (b.shard ?? -1))
    .map((finding) => {
      const where = finding.shard === null ? ':' : `, shard ${finding.shard + 1}:`;
      const fix = finding.fix === null ? '' : `\n      → ${sentence(finding.fix, 300)}`;
      return `${LEVEL_SIGN[finding.level]}${where} ${sentence(finding.text, 400)}${fix}`;
    });
}

function findingBlocks(view: MigrationView): KnownBlock[] {
  if (view.phase !== 'checking' && view.phase !== 'planned') return [];
  if (view.findings.length === 0)
    return view.phase === 'planned' ? [section('✅ The check found nothing to mend.')] : [];
  return [section(lines(findingLines(view.findings), 2800))];
}

function gateBlocks(view: MigrationView): KnownBlock[] {
  const next = nextGate(view.phase);
  const told = view.gates.flatMap((gate) => {
    if (gate.gate === next) return [nextGateLine(gate, view.waitingFor ?? '')];
    const { length } = gate.approvals;
    if (gate.brokenGlass) return [glassLine(gate, gate.brokenGlass)];
    if (length === 0) return [];
    // In a migration that ended before all had approved.
    const of = length < gate.needed ? ` (${length} of ${gate.needed} approvals)` : '';
    return [`${of === '' ? '✅' : '▫️'} *${gate.gate}* approved by ${approvers(gate)}${of}`];
  });
  return told.length === 0 ? [] : [section(lines(told, 1500))];
}

/** `said`: what the message waits for; a reason that stands in it is not told twice. */
function nextGateLine(gate: GateView, said: string): string {
  const given = gate.approvals.length > 0 ? ` Approved so far by ${approvers(gate)}.` : '';
  const needed =
    gate.needed > 1 || gate.approvals.length > 0
      ? ` (${gate.approvals.length} of ${plural(gate.needed, 'approval')})`
      : '';
  const reason = gate.reason === '' || said.includes(gate.reason) ? '.' : `. ${sentence(gate.reason, 600)}`;
  const [sign, word] = gate.denied ? ['⛔', 'denied'] : gate.open ? ['🔓', 'open'] : ['🔒', 'closed'];
  return `${sign} *${gate.gate}* is ${word}${needed}${reason}${given}`;
}

/** Stays for as long as the message does: it was not what the rules of this place ask for. */
function glassLine(gate: GateView, glass: NonNullable<GateView['brokenGlass']>): string {
  const others = gate.approvals.length === 0 ? '' : ` Approved by ${approvers(gate)}.`;
  return `🚨 *${gate.gate}* was passed by ${mention(glass.user)} alone, with ${glass.given} of ${plural(glass.needed, 'approval')}, ${stamp(glass.at)}: ${sentence(glass.reason, 700)}.${others}`;
}

function approvers(gate: GateView): string {
  const shown = gate.approvals.slice(-10).map((approval) => `${mention(approval.user)} ${stamp(approval.at)}`);
  const rest = gate.approvals.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function lateBlocks(view: MigrationView): KnownBlock[] {
  const blocks: KnownBlock[] = [];
  if (view.axe !== null)
    blocks.push(
      section(
        `🪓 ${lines(
          view.axe.lines.map((line) => sentence(line, 400)),
          2800,
        )}`,
      ),
    );
  if (view.wayBack !== null)
    blocks.push(section(`↩️ *Way back ${view.wayBack.open ? 'open' : 'closed'}.* ${sentence(view.wayBack.text, 600)}`));
  if (view.lateWriters !== null) blocks.push(section(`✍️ ${sentence(view.lateWriters, 700)}`));
  if (view.lateClients.length > 0) {
    const shown = steady(view.lateClients).slice(0, 10).map(clientLine);
    const rest = view.lateClients.length - shown.length;
    if (rest > 0) shown.push(`… and ${rest} more`);
    blocks.push(section(`*Still connected to the old masters:*\n${lines(shown, 2000)}`));
  }
  return blocks;
}

/** Those that try to write first. Of those that are shown alike the order stays, or it would change with every look. */
function steady(clients: readonly LateClient[]): readonly LateClient[] {
  const tried = ({ triedSecondsAgo }: LateClient) =>
    triedSecondsAgo === null ? Number.MAX_SAFE_INTEGER : agoStep(triedSecondsAgo);
  return clients.toSorted(
    (a, b) =>
      tried(a) - tried(b) ||
      agoStep(a.idleSeconds) - agoStep(b.idleSeconds) ||
      a.shard - b.shard ||
      (a.address < b.address ? -1 : 1),
  );
}

function clientLine(client: LateClient): string {
  const about = [client.name, client.user, client.library].filter((part) => part !== '').map((part) => name(part, 30));
  const did = client.lastCommand === '' ? 'last heard of' : `last \`${name(client.lastCommand, 20)}\``;
  const tried = client.triedSecondsAgo === null ? '' : `, *tried to write ${ago(client.triedSecondsAgo)}*`;
  return `${tried === '' ? '•' : '✍️'} ${name(client.address, 50)}${about.length > 0 ? ` (${about.join(', ')})` : ''} on ${name(client.server, 50)}, ${did} ${ago(client.idleSeconds)}${tried}`;
}

/** Looking at the shards is always possible, so the row is always there. */
function buttons({ id, actions }: MigrationView): KnownBlock {
  const decisions = actions.map((action) => button(id, action));
  return { type: 'actions', block_id: 'actions', elements: [...decisions, detailsButton(id)] };
}

function freshness(view: MigrationView): KnownBlock {
  if (hasEnded(view.phase)) return context(`Ended ${stamp(view.phaseSince)}.`);
  return context(view.asOf === null ? 'The servers have not been looked at yet.' : `As of ${stamp(view.asOf)}.`);
}
