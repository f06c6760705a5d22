/**
 * What to do in switching: the cut-over runs, or a canary soaks while the others go on following. Part of decide.ts; pure.
 */
import { behindCanary, goneOver, nextToGo, soakLeftMs, soakText, thenFollow } from './canary.ts';
import { type Decision, type Following, NOTHING } from './decision.ts';
import { switchStatus } from './gate.ts';
import type { Sight } from './sight.ts';
import type { MigrationState, ShardRecord } from './state.ts';
import { capital, plural, shardText } from './words.ts';

/** An order about a fence that was given so lately may still be on its way; one that came late would lift the next fence. */
const LATE_ORDER_MS = 5_000;

/** `follow`: what is done for shards that follow; asked for only while a canary soaks. */
export function switching(state: MigrationState, sight: Sight, follow: () => Following): Decision {
  const canary = goneOver(state);
  if (state.cutover !== null || canary === null)
    return { ...NOTHING, run: 'cut_over', waitingFor: 'The cut-over is running.' };
  if (!sight.shards) return { ...NOTHING, waitingFor: 'Looks at the servers.' };
  const { effects, rows, unsettled } = follow();
  const left = soakLeftMs(state, sight.soakedMs);
  const waits = whyWaiting(state, sight);
  const letGo = state.letGo === null ? '' : ` The last attempt was let go: ${state.letGo}`;
  const waitingFor = soakLine(state, canary, left, waits) + letGo;
  // As in streaming: what people approved is not how things stand any more.
  if (unsettled !== null)
    return { ...NOTHING, effects, rows, enter: { phase: 'syncing', reason: unsettled }, waitingFor };
  if (left > 0) return { ...NOTHING, effects, rows, waitingFor };
  const over = state.soaked ? [] : [soakOver(state, canary)];
  if (waits !== null) return { ...NOTHING, effects, rows: [...rows, ...over], waitingFor };
  const others = nextToGo(state);
  return {
    effects: effects.filter((one) => !others.includes(one.shard)),
    rows: [...rows, ...over],
    run: 'cut_over',
    enter: null,
    waitingFor,
  };
}

function soakOver(state: MigrationState, { index }: ShardRecord) {
  const text = `has soaked. ${capital(thenFollow(state))} as soon as all is in step.`;
  return { kind: 'soak' as const, shard: index, over: true, text };
}

function soakLine(state: MigrationState, { index }: ShardRecord, left: number, waits: string | null): string {
  const { plan } = state;
  const where = `${capital(shardText(index))} is on its new server`;
  const reason = waits === null ? '' : ` ${waits}`;
  if (left > 0)
    return `${where}; soaks for ${moreText(left, plan.canary?.soakMs ?? left)}, then ${thenFollow(state)}.${reason}`;
  if (waits === null) return `${where} and has soaked; ${thenFollow(state)} now.`;
  return `${where} and has soaked; ${behindCanary(state)} held back.${reason}`;
}

/**
 * `7 more minutes`: rounded up, so that it is never over before it says so, and in coarse steps, for each new text is sent
 * to Slack.
 */
function moreText(ms: number, wholeMs: number): string {
  const step = ms <= 10_000 ? 5 : 10;
  // Not more than the whole soak, which was told before.
  if (ms <= 90_000)
    return plural(Math.min(Math.ceil(ms / 1000 / step) * step, Math.ceil(wholeMs / 1000)), 'more second');
  return ms < 7_200_000 ? plural(Math.ceil(ms / 60_000), 'more minute') : `${soakText(ms)} more`;
}

/** Why the others could not follow now, as a sentence; null when they could. */
function whyWaiting(state: MigrationState, sight: Sight): string | null {
  const status = switchStatus(state, sight);
  if (!status.open) return status.reason;
  for (const shard of nextToGo(state)) {
    const where = capital(shardText(shard));
    const source = sight.shards?.find((one) => one.verdict.shard === shard)?.look.source;
    if (source?.ok && source.facts.role !== 'master') return `${where}: its old server is not a master.`;
    const { fence } = state.shards[shard] ?? {};
    if (fence && Math.abs(sight.wallNow - fence.at) < LATE_ORDER_MS)
      return `${where}: an order about its fence was given a moment ago.`;
    // Put back in the middle of a cut-over, it would let pings move the offset.
    const open = state.ledger.find(
      (one) =>
        one.shard === shard &&
        one.until === 'cutover' &&
        !one.closed &&
        (one.restore === null || Math.abs(sight.wallNow - one.touchedAt) < LATE_ORDER_MS),
    );
    if (open) return `${where}: ${open.name} is being put back first.`;
  }
  return null;
}
