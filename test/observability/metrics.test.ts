import { expect, it } from 'vitest';
import type { MigrationView } from '../../src/domain/view.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { migrationView, shardView } from './fixtures.ts';

it('has every metric that is promised, under its name', async () => {
  const room = createMetrics({ views: () => [migrationView()] });
  room.metrics.tickSeconds(0.02);
  room.metrics.cutoverPauseSeconds(0.3);
  room.metrics.slackRequest('chat.update', 'rate_limited');
  room.metrics.slackRequest('chat.update', 'rate_limited');
  room.metrics.slackRequest('U0ANA said <hello>', 'error');
  room.metrics.fullSync();
  const page = await room.text();
  for (const line of [
    'redis_migrate_migrations{phase="streaming"} 1',
    'redis_migrate_migrations{phase="planned"} 0',
    'redis_migrate_shard_lag_bytes{migration="m-7k3q",shard="0"} 12',
    'redis_migrate_shard_state{migration="m-7k3q",shard="0",state="in_step"} 1',
    'redis_migrate_tick_seconds_count 1',
    'redis_migrate_tick_seconds_bucket{le="0.025"} 1',
    'redis_migrate_cutover_pause_seconds_sum 0.3',
    'redis_migrate_slack_requests_total{method="chat.update",outcome="rate_limited"} 2',
    'redis_migrate_slack_requests_total{method="other",outcome="error"} 1',
    'redis_migrate_full_syncs_total 1',
  ]) {
    expect(page).toContain(`${line}\n`);
  }
  expect(page).toContain('process_cpu_seconds_total');
  expect(room.contentType).toContain('text/plain');
});

it('counts those that have ended without a look at each', async () => {
  const room = createMetrics({
    views: () => [migrationView({ phase: 'syncing' })],
    phases: () => ['syncing', 'finished', 'finished'],
  });
  const page = await room.text();
  expect(page).toContain('redis_migrate_migrations{phase="syncing"} 1\n');
  expect(page).toContain('redis_migrate_migrations{phase="finished"} 2\n');
});

it('says which messages Slack does not take', async () => {
  const other = migrationView({ id: 'm-0002' });
  const room = createMetrics({
    views: () => [migrationView(), other],
    staleMessages: () => new Map([['m-0002', 41.5]]),
  });
  const page = await room.text();
  expect(page).toContain('redis_migrate_slack_message_stale_seconds{migration="m-7k3q"} 0\n');
  expect(page).toContain('redis_migrate_slack_message_stale_seconds{migration="m-0002"} 41.5\n');
});

it('follows what the migrations do, and forgets what has ended', async () => {
  let views: readonly MigrationView[] = [
    migrationView({ shards: [shardView(), shardView({ index: 1, lagBytes: null, state: 'snapshot' })] }),
  ];
  const room = createMetrics({ views: () => views });
  const first = await room.text();
  expect(first).toContain('shard_state{migration="m-7k3q",shard="1",state="snapshot"} 1');
  expect(first).not.toContain('shard_lag_bytes{migration="m-7k3q",shard="1"}');
  views = [migrationView({ shards: [shardView({ state: 'link_down', lagBytes: 99 })] })];
  const second = await room.text();
  expect(second.match(/^redis_migrate_shard_state\{.*$/gm)).toEqual([
    'redis_migrate_shard_state{migration="m-7k3q",shard="0",state="link_down"} 1',
  ]);
  expect(second).toContain('shard_lag_bytes{migration="m-7k3q",shard="0"} 99');
  views = [migrationView({ phase: 'finished' })];
  const third = await room.text();
  expect(third).not.toMatch(/m-7k3q/);
  expect(third).toContain('redis_migrate_migrations{phase="finished"} 1');
});
