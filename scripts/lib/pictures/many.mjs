/** A migration of many shards while it syncs, as the bot's blocks are given it; its figures are made up. */
export function manyShards(many, { ANA, BEN, MIGRATIONS }) {
  const gate = (name, more) => ({ gate: name, open: false, reason: '', approvals: [], needed: 1, ...more });
  const at = new Date().toISOString();
  const shards = Array.from({ length: many }, (_, index) => {
    const done = index % 9 === 0 ? (index * 37) % 100 : 100;
    const states = ['transfer', 'queued', 'loading', 'snapshot'];
    const state = index === 40 ? 'link_down' : done === 100 ? 'in_step' : states[index % 4];
    const moves = state !== 'queued' && state !== 'link_down';
    return {
      index,
      source: `orders-old-${index + 1}.example.net:6379`,
      destination: `orders-new-${index + 1}.example.net:6379`,
      state,
      percent: state === 'queued' ? 0 : done,
      bytesPerSecond: moves ? (state === 'in_step' ? 6_000 : 9_400_000) : null,
      etaSeconds: moves ? (100 - done) * 2 : null,
      lagBytes: state === 'in_step' ? (index * 41) % 900 : null,
      bufferBytes: moves ? 20_480 : null,
      sourceWritesPerSecond: 100 + (index % 7),
      sourceClients: 3,
      fullSyncs: state === 'queued' ? 0 : 1,
      pauseMs: null,
      verified: null,
      reason: index === 40 ? 'The link between old and new is down since 14:02:11; it is tried again.' : null,
      keys: 20_000,
      bytes: 3_000_000,
    };
  });
  const still = shards.filter((one) => one.state !== 'in_step').length;
  return {
    id: 'm-7k3q',
    name: 'orders',
    phase: 'syncing',
    waitingFor: `${many - still} of ${many.toLocaleString('en')} shards in step. Shard 41: link down.`,
    cutover: 'fenced',
    requestedBy: ANA,
    channel: MIGRATIONS,
    messageTs: null,
    totals: { servers: many, keys: 20_000 * many, bytes: 3_000_000 * many },
    findings: [],
    shards,
    gates: [
      gate('continue', { approvals: [{ user: BEN, at }] }),
      gate('switch', { reason: 'Opens when every shard is in step.' }),
      gate('finish', {}),
    ],
    journal: [],
    canary: null,
    reason: null,
    schedule: null,
    progress: { percent: 94, bytesPerSecond: 61_000_000, etaSeconds: 190 },
    createdAt: at,
    phaseSince: at,
    asOf: at,
    actions: [],
    predictedPauseMs: null,
    wayBack: null,
    lateClients: [],
    lateWriters: null,
    axe: null,
  };
}
