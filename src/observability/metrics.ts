/**
 * Prometheus metrics, in a registry of their own. Counters and histograms are fed by the rooms through `Metrics`; gauges
 * about migrations are read from the engine's views at each scrape, so that nothing stays behind of one that has ended.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { hasEnded, PHASES, type Phase } from '../domain/phase.ts';
import type { MigrationView, ShardView } from '../domain/view.ts';
import type { Metrics } from '../log.ts';

export interface MetricsRoom {
  /** What the other rooms report to. */
  readonly metrics: Metrics;
  /** The page for a scrape. */
  text(): Promise<string>;
  readonly contentType: string;
}

export interface MetricsSources {
  /** Those that run; ended ones may be among them and get no rows per shard. */
  readonly views: () => readonly MigrationView[];
  /** Of all that there are, ended ones too, which are counted only: a view of each would take its time at every scrape. Left out: of `views`. */
  readonly phases?: () => readonly Phase[];
  /** Seconds for which Slack has not taken the newest state of a migration; only those that it does not take. */
  readonly staleMessages?: () => ReadonlyMap<string, number>;
}

export function createMetrics(sources: MetricsSources): MetricsRoom {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const migrations = new Gauge({
    name: 'redis_migrate_migrations',
    help: 'Migrations in each phase.',
    labelNames: ['phase'],
    registers: [],
    collect() {
      for (const phase of PHASES) this.set({ phase }, 0);
      const phases = sources.phases?.() ?? sources.views().map((view) => view.phase);
      for (const phase of phases) this.inc({ phase });
    },
  });
  const lag = new Gauge({
    name: 'redis_migrate_shard_lag_bytes',
    help: 'Bytes of the replication stream that a destination is behind its source; absent where unknown.',
    labelNames: ['migration', 'shard'],
    registers: [],
    collect() {
      this.reset();
      forEachShard(sources, (labels, shard) => {
        if (shard.lagBytes !== null) this.set(labels, shard.lagBytes);
      });
    },
  });
  const states = new Gauge({
    name: 'redis_migrate_shard_state',
    help: 'Always 1; the label says in which state the shard is.',
    labelNames: ['migration', 'shard', 'state'],
    registers: [],
    collect() {
      this.reset();
      forEachShard(sources, (labels, shard) => this.set({ ...labels, state: shard.state }, 1));
    },
  });
  const stale = new Gauge({
    name: 'redis_migrate_slack_message_stale_seconds',
    help: 'For how long Slack has not taken the newest state of the message of a migration; 0 when it has it.',
    labelNames: ['migration'],
    registers: [],
    collect() {
      this.reset();
      for (const view of sources.views()) if (!hasEnded(view.phase)) this.set({ migration: view.id }, 0);
      for (const [migration, seconds] of sources.staleMessages?.() ?? []) this.set({ migration }, seconds);
    },
  });
  for (const gauge of [migrations, lag, states, stale]) registry.registerMetric(gauge);
  const tick = new Histogram({
    name: 'redis_migrate_tick_seconds',
    help: 'How long one look at all servers of a migration took, with what followed from it.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const pause = new Histogram({
    name: 'redis_migrate_cutover_pause_seconds',
    help: 'How long writes to a shard were stopped by a cut-over.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 60],
    registers,
  });
  const slack = new Counter({
    name: 'redis_migrate_slack_requests_total',
    help: 'Calls of the Slack Web API.',
    labelNames: ['method', 'outcome'],
    registers,
  });
  const fullSyncs = new Counter({
    name: 'redis_migrate_full_syncs_total',
    help: 'Full syncs that were seen to begin.',
    registers,
  });
  const samplesDropped = new Counter({
    name: 'redis_migrate_samples_dropped_total',
    help: 'Points of a chart that could not be kept, the disk being full say.',
    registers,
  });

  return {
    metrics: {
      tickSeconds: (seconds) => tick.observe(seconds),
      cutoverPauseSeconds: (seconds) => pause.observe(seconds),
      // Method names are Slack's; anything else would make a new row for each value.
      slackRequest: (method, outcome) =>
        slack.inc({ method: /^[a-zA-Z.]{1,60}$/.test(method) ? method : 'other', outcome }),
      fullSync: () => fullSyncs.inc(),
      samplesDropped: (many) => samplesDropped.inc(many),
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function forEachShard(
  sources: MetricsSources,
  visit: (labels: { migration: string; shard: string }, shard: ShardView) => void,
): void {
  for (const view of sources.views()) {
    if (hasEnded(view.phase)) continue;
    for (const shard of view.shards) visit({ migration: view.id, shard: String(shard.index) }, shard);
  }
}
