import type { MigrationView, ShardView } from '../../src/domain/view.ts';

export function shardView(over: Partial<ShardView> = {}): ShardView {
  return {
    index: 0,
    source: 'old-1:6379',
    destination: 'new-1:6379',
    state: 'in_step',
    percent: 100,
    bytesPerSecond: null,
    etaSeconds: null,
    lagBytes: 12,
    bufferBytes: 0,
    sourceWritesPerSecond: 3.5,
    sourceClients: 4,
    fullSyncs: 1,
    pauseMs: null,
    verified: null,
    reason: null,
    keys: 20_000,
    bytes: 1_000_000,
    ...over,
  };
}

export function migrationView(over: Partial<MigrationView> = {}): MigrationView {
  return {
    id: 'm-7k3q',
    name: 'orders',
    phase: 'streaming',
    waitingFor: 'Waits for an approval of switch.',
    cutover: 'fenced',
    requestedBy: 'UANA',
    channel: 'C1',
    messageTs: '1.2',
    totals: { servers: 1, keys: 20_000, bytes: 1_000_000 },
    findings: [{ level: 'warning', shard: 0, code: 'maxmemory', text: 'Memory is short.', fix: null }],
    shards: [shardView()],
    gates: [
      {
        gate: 'switch',
        open: true,
        reason: 'Every shard is in step.',
        approvals: [{ user: 'UBEN', at: '2024-01-01T00:00:00.000Z' }],
        needed: 2,
      },
    ],
    journal: [
      {
        seq: 1,
        at: '2024-01-01T00:00:00.000Z',
        actor: 'UANA',
        kind: 'requested',
        text: 'Ana asked for it.',
        shard: null,
      },
    ],
    progress: { percent: 42, bytesPerSecond: 1_048_576, etaSeconds: 90 },
    createdAt: '2024-01-01T00:00:00.000Z',
    phaseSince: '2024-01-01T00:01:00.000Z',
    asOf: '2024-01-01T00:02:00.000Z',
    actions: [{ action: 'gate:switch', value: 'opaque-value', ask: 'confirm', consequence: 'Writes stop for 100 ms.' }],
    lateClients: [],
    predictedPauseMs: null,
    wayBack: null,
    canary: null,
    reason: null,
    schedule: null,
    lateWriters: null,
    axe: null,
    ...over,
  };
}
