/** An engine whose migrations change every second by a script: what the Slack room has to show, without any Redis. */
import type { JournalRow } from '../../src/domain/event.ts';
import type { Phase } from '../../src/domain/phase.ts';
import type { GateView, MigrationView, ShardView } from '../../src/domain/view.ts';
import type { MigrationService } from '../../src/engine/service.ts';
import type { Store } from '../../src/store/store.ts';

export interface ScriptedService extends MigrationService {
  /** A second has passed: everything is different. */
  tick(second: number, phaseOf: (place: number) => Phase): void;
}

export interface Script {
  readonly migrations: number;
  readonly shards: number;
  readonly channel: string;
  readonly startedAt: number;
  /** Of the status messages. */
  readonly ts: readonly string[];
  readonly store: Pick<Store, 'setNote'>;
}

const REFUSED = { ok: false as const, problems: [{ field: null, text: 'Nothing is started here.' }] };

export function idOf(place: number): string {
  return `m-00${String(place).padStart(2, '0')}`;
}

function shardAt(index: number, second: number): ShardView {
  return {
    index,
    source: `old-${index + 1}.example.net:6379`,
    destination: `new-${index + 1}.example.net:6379`,
    state: index % 3 === 0 ? 'transfer' : 'in_step',
    percent: (second / 10 + index) % 100,
    bytesPerSecond: 10_000_000 + 1_000 * ((second * 7 + index) % 1_000),
    etaSeconds: 3_600,
    lagBytes: ((second * 31 + index) % 900) * 1_024,
    bufferBytes: 1_024,
    sourceWritesPerSecond: 100 + ((second + index) % 50),
    sourceClients: 12,
    fullSyncs: 1,
    pauseMs: null,
    verified: null,
    reason: null,
    keys: 1_000_000,
    bytes: 5_000_000_000,
  };
}

function viewAt(script: Script, place: number, second: number, phase: Phase, since: number): MigrationView {
  const at = (after: number) => new Date(script.startedAt + after * 1_000).toISOString();
  const gate = (name: GateView['gate'], open: boolean): GateView => {
    return { gate: name, open, reason: 'As the script says.', approvals: [], needed: 1 };
  };
  return {
    id: idOf(place),
    name: `orders-${place}`,
    phase,
    // Read back from the message: which second it shows.
    waitingFor: `Second ${second}.`,
    cutover: 'fenced',
    reason: null,
    schedule: null,
    canary: null,
    requestedBy: 'U00000ANA1',
    channel: script.channel,
    messageTs: script.ts[place] ?? null,
    totals: { servers: script.shards, keys: 50_000_000, bytes: 250_000_000_000 },
    findings: [],
    shards: Array.from({ length: script.shards }, (_, index) => shardAt(index, second)),
    gates: [gate('continue', false), gate('switch', phase === 'streaming'), gate('finish', false)],
    journal: [],
    progress: { percent: 50, bytesPerSecond: 500_000_000, etaSeconds: 3_600 },
    createdAt: at(0),
    phaseSince: at(since),
    asOf: at(second),
    actions: [{ action: 'migration:abort', value: 'opaque', ask: 'confirm', consequence: 'The migration ends.' }],
    predictedPauseMs: 20,
    wayBack: null,
    lateClients: [],
    lateWriters: null,
    axe: null,
  };
}

export function createScriptedService(script: Script): ScriptedService {
  const views = new Map<string, MigrationView>();
  const listeners = new Set<(id: string) => void>();
  let clicks = 0;
  return {
    tick(second, phaseOf) {
      for (let place = 0; place < script.migrations; place++) {
        const before = views.get(idOf(place));
        const phase = phaseOf(place);
        const since = before?.phase === phase ? (Date.parse(before.phaseSince) - script.startedAt) / 1_000 : second;
        views.set(idOf(place), viewAt(script, place, second, phase, since));
        for (const listener of listeners) listener(idOf(place));
      }
    },
    draft: () => REFUSED,
    checkHosts: () => Promise.resolve(null),
    open: () => REFUSED,
    check: () => Promise.reject(new Error('Nothing is checked here.')),
    click({ migration }) {
      clicks += 1;
      // As durable as a row of the journal.
      script.store.setNote('click', String(clicks));
      return { migration, seq: clicks };
    },
    settleClick: () => Promise.resolve({ accepted: false, text: 'The script goes on.' }),
    view: (id) => views.get(id) ?? null,
    shard: () => null,
    report: () => null,
    samples: () => [],
    views: () => [...views.values()],
    rows: (): readonly JournalRow[] => [],
    messagePosted() {},
    slackWasAway() {},
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
