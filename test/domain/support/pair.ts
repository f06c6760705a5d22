/** A made-up source and its destination, and what a look at them shows. */
import type { Side } from '../../../src/domain/event.ts';
import type { PairLook, ServerLook } from '../../../src/domain/observation.ts';
import { fenceAddress, type Plan } from '../../../src/domain/plan.ts';
import { replication, seen, unseen } from './build.ts';

/** What a destination may be doing, as its INFO shows it. */
export type Doing = 'master' | 'handshake' | 'snapshot' | 'transfer' | 'loading' | 'streaming' | 'elsewhere' | 'aside';

export interface Pair {
  sourceUp: boolean;
  destinationUp: boolean;
  sourceFenced: boolean;
  /** The source follows its destination, which has taken over. */
  backing: boolean;
  /** Full syncs that the destination has served to its old master. */
  backSyncs: number;
  /** Somebody else restarted it or changed its role: what comes of that is not ours. */
  meddled: boolean;
  sourceRun: number;
  destinationRun: number;
  /** How often each wrote a new history: started, or made a master again. */
  sourceLife: number;
  destinationLife: number;
  doing: Doing;
  destinationKeys: number;
  offset: number;
  lag: number;
  fullSyncs: number;
  /** What CONFIG GET would show; the destination's read-only flag is the one of INFO as well. */
  readonly settings: Readonly<Record<Side, Map<string, string>>>;
  /** Settings that somebody else changed, as `side name`. */
  readonly touched: Set<string>;
  sourceLatencyMs: number | null;
  bufferBytes: number;
}

/** Settings too narrow for a full sync, a left-over password, a read-only flag as it may stand at a master. */
export function settingsAtFirst(readOnly: 'yes' | 'no'): Pair['settings'] {
  const both = { 'repl-timeout': '20', 'repl-backlog-size': '16384' };
  const limit = 'normal 0 0 0 slave 1048576 1048576 60 pubsub 33554432 8388608 60';
  const diskless = { 'repl-diskless-sync': 'yes', 'repl-diskless-sync-delay': '5' };
  return {
    source: new Map(Object.entries({ ...both, ...diskless, 'client-output-buffer-limit': limit })),
    destination: new Map(Object.entries({ ...both, masterauth: 'left-over', 'slave-read-only': readOnly })),
  };
}

/** The fence goes up or down. A server that is made a master again writes a new history. */
export function fence(pair: Pair, up: boolean): void {
  if ((pair.sourceFenced || pair.backing) && !up) pair.sourceLife += 1;
  pair.sourceFenced = up;
  pair.backing = false;
}

/** The old master follows the new one: partially, when it was fenced in the very process that was frozen. */
export function followBack(pair: Pair, partially: boolean): void {
  if (!partially) pair.backSyncs += 1;
  pair.sourceFenced = false;
  pair.backing = true;
}

/** It is the master again. */
export function takeBack(pair: Pair): void {
  pair.sourceLife += 1;
  pair.sourceFenced = false;
  pair.backing = false;
}

/** Which sides take writes as masters. */
export function writable(pair: Pair): readonly Side[] {
  const source = !pair.sourceFenced && !pair.backing;
  return [...(source ? (['source'] as const) : []), ...(pair.doing === 'master' ? (['destination'] as const) : [])];
}

/** What a destination does from now on. Once it has followed, it is another server for good. */
export function turn(pair: Pair, doing: Doing): void {
  if (pair.doing !== 'master' && doing === 'master') pair.destinationLife += 1;
  pair.doing = doing;
}

/** A new process, which knows neither a fence nor whom it followed. */
export function restart(pair: Pair, side: 'source' | 'destination'): void {
  if (side === 'source') {
    pair.sourceRun += 1;
    pair.sourceLife += 1;
    pair.sourceFenced = false;
    pair.backing = false;
    return;
  }
  if (pair.backing) pair.backSyncs += 1;
  pair.destinationRun += 1;
  pair.destinationLife += 1;
  pair.doing = 'master';
}

/** What the two would say of themselves. `at`: monotonic milliseconds; `wallNow`: when their settings were read. */
export function pairLook(pair: Pair, whole: Plan, index: number, at: number, wallNow = 0): PairLook {
  const plan = whole.shards[index];
  if (!plan) throw new Error('Every pair is a shard.');
  const sourceReplid = `history-of-old-${index}-${pair.sourceLife}`;
  const destinationReplid = `history-of-new-${index}-${pair.destinationLife}`;
  const master = pair.sourceFenced
    ? fenceAddress(whole.id)
    : pair.backing
      ? { host: plan.destination.host, port: plan.destination.port }
      : null;
  const source = pair.sourceUp
    ? seen(
        {
          runId: `old-${index}-${pair.sourceRun}`,
          role: master === null ? 'master' : 'replica',
          keys: 20_000,
          fullSyncs: pair.fullSyncs,
          writeCalls: pair.offset,
          connectedClients: pair.lag === 0 ? 0 : 4,
          snapshot: pair.doing === 'snapshot' ? { keysSaved: 5_000, keysTotal: 20_000 } : null,
          replication: replication({
            masterOffset: BigInt(pair.offset),
            replid: pair.backing ? destinationReplid : sourceReplid,
            master,
            readOnly: master === null ? null : true,
            linkUp: pair.backing && pair.doing === 'master',
            replicaOffset: pair.backing ? BigInt(pair.offset - pair.lag) : null,
          }),
        },
        at,
      )
    : unseen(`${plan.source.host}:6379 does not answer.`, 'timeout', at);
  const follows = pair.doing !== 'master';
  const elsewhere = { elsewhere: { host: 'other', port: 1 }, aside: fenceAddress(whole.id) };
  const { host, port } = pair.doing === 'elsewhere' || pair.doing === 'aside' ? elsewhere[pair.doing] : plan.source;
  const syncing = ['snapshot', 'transfer', 'loading'].includes(pair.doing);
  const destination = pair.destinationUp
    ? seen(
        {
          runId: `new-${index}-${pair.destinationRun}`,
          role: follows ? 'replica' : 'master',
          keys: pair.destinationKeys,
          fullSyncs: pair.backSyncs,
          loading: pair.doing === 'loading' ? { percent: 40 } : null,
          replication: replication({
            master: follows ? { host, port } : null,
            readOnly: follows ? pair.settings.destination.get('slave-read-only') === 'yes' : null,
            masterOffset: BigInt(pair.offset),
            replid: pair.doing === 'streaming' ? sourceReplid : destinationReplid,
            linkUp: pair.doing === 'streaming',
            syncing,
            syncTotalBytes: pair.doing === 'transfer' ? 1_000 : null,
            syncReadBytes: pair.doing === 'transfer' ? 400 : null,
            replicaOffset: follows ? BigInt(pair.offset - pair.lag) : null,
          }),
        },
        at,
      )
    : unseen(`${plan.destination.host}:6379 does not answer.`, 'timeout', at);
  const readBy = (look: ServerLook, side: Side): ServerLook =>
    look.ok ? { ...look, settings: { at: wallNow, values: new Map(pair.settings[side]) } } : look;
  const seenSource = readBy(source, 'source');
  return {
    source: seenSource.ok ? { ...seenSource, replicaBufferBytes: pair.bufferBytes } : seenSource,
    destination: readBy(destination, 'destination'),
  };
}
