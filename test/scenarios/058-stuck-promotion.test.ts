/**
 * A server is killed in the very moment of its promotion. There is only forward by itself, and nothing to be seen any
 * more: a person is asked, with what is given up, and decides that the server that writes were leaving takes them again.
 */
import { test } from 'vitest';
import { until } from '../../src/sandbox/redis/wait.ts';
import { pass, toStreaming } from '../support/move-stage.ts';

const DURABLE = { appendonly: 'yes', appendfsync: 'always' };

test.concurrent('a promotion that cannot be seen any more: a person decides, and nothing that was acknowledged is lost', {
  timeout: 120_000,
}, async ({ expect, onTestFinished }) => {
  const stage = await toStreaming({ config: DURABLE });
  onTestFinished(() => stage.close());
  const { sources, destinations, links, traffic, harness, id } = stage;
  const killed: Promise<void>[] = [];
  stage.once('after:intent', () => {
    for (const one of destinations.slice(1)) killed.push(one.kill());
  });
  await stage.press('gate:switch');
  await until(() => killed.length > 0, { within: 20_000 });
  await Promise.all(killed);
  await destinations[1]?.start();
  await until(() => harness.view(id).actions.some((one) => one.action === 'migration:serve_old'), { within: 40_000 });
  const button = harness.view(id).actions.find((one) => one.action === 'migration:serve_old');
  expect(button).toMatchObject({ ask: 'form' });
  expect(button?.consequence).toMatch(/Shard 2: .* takes the writes again.*is given up.*1 other shard/);
  expect(await harness.click(id, 'migration:serve_old', { typedName: 'wrong' })).toMatchObject({ accepted: false });
  // The first shard is on its new server, and its application goes there.
  const [first] = destinations;
  if (first) traffic.pointAt(0, first);
  expect(await sources[1]?.info('replication')).toMatchObject({ role: 'slave', master_port: '1' });

  await stage.press('migration:serve_old', 'orders');
  const view = await harness.phase(id, 'streaming', 'syncing');
  expect(view.shards[0]?.state).toBe('promoted');
  expect(view.waitingFor).toMatch(/Shard 2: a person has decided so: .* takes the writes again/);
  await until(async () => (await sources[1]?.info('replication'))?.['role'] === 'master');
  // Its copy is made anew, by the person who knows why it was restarted; then the rest goes over.
  await destinations[1]?.call('REPLICAOF', '127.0.0.1', String(links[1]?.port));
  await stage.press('gate:switch');
  await harness.phase(id, 'switched');
  stage.pointAt(destinations);
  await stage.press('gate:finish', 'orders');
  await harness.phase(id, 'finished');
  expect(await traffic.verify(destinations)).toMatchObject({ missing: 0, examples: [] });
  expect(await stage.settings()).toEqual(stage.before);
});

test.concurrent('the same in a roll back: the other shard is back, and the migration ends with this one on its new server', {
  timeout: 120_000,
}, async ({ expect, onTestFinished }) => {
  const stage = await toStreaming({ config: DURABLE });
  onTestFinished(() => stage.close());
  const { sources, destinations, traffic, harness, id } = stage;
  await pass(stage, 'gate:switch', 'switched');
  stage.pointAt(destinations);
  const killed: Promise<void>[] = [];
  stage.once('after:intent', () => {
    for (const one of sources.slice(1)) killed.push(one.kill());
  });
  await stage.press('migration:rollback');
  await until(() => killed.length > 0, { within: 20_000 });
  await Promise.all(killed);
  await sources[1]?.start();
  const find = () => harness.view(id).actions.find((one) => one.action === 'migration:serve_old');
  const button = await until(find, { within: 40_000 });
  expect(button).toMatchObject({ ask: 'form', label: 'Serve from the new server' });
  expect(button.consequence).toContain(`Shard 2: 127.0.0.1:${destinations[1]?.port} takes the writes again`);
  expect(button.consequence).toMatch(
    /1 other shard of this roll back stays on the old side, and the migration ends so/,
  );
  const [first] = sources;
  if (first) traffic.pointAt(0, first);
  expect(await destinations[1]?.info('replication')).toMatchObject({ role: 'slave', master_port: '1' });

  await stage.press('migration:serve_old', 'orders');
  const view = await harness.phase(id, 'rolled_back');
  expect(view.shards.map((one) => one.state)).toEqual(['detached', 'promoted']);
  const told = view.journal.map((row) => row.text).join('\n');
  expect(told).toMatch(/decided: the new server takes the writes of shard 2 again/);
  expect(told).toMatch(/Not rolled back.*: shard 2 on 127.0.0.1/);
  const served = [sources[0], destinations[1]].flatMap((one) => one ?? []);
  const left = [destinations[0], sources[1]].flatMap((one) => one ?? []);
  for (const one of served) expect(await one.info('replication')).toMatchObject({ role: 'master' });
  // Also the one that came back from its restart without a fence.
  for (const one of left) expect(await one.info('replication')).toMatchObject({ role: 'slave', master_port: '1' });
  expect(await traffic.verify(served)).toMatchObject({ missing: 0, examples: [] });
  expect(await stage.settings()).toEqual(stage.before);
});

test.concurrent('one of two that are stuck is promoted after all: it is not given up with the other', {
  timeout: 150_000,
}, async ({ expect, onTestFinished }) => {
  const stage = await toStreaming({ config: DURABLE, shards: 3 });
  onTestFinished(() => stage.close());
  const { sources, destinations, traffic, harness, id } = stage;
  const [dead, hung, well] = sources;
  if (!dead || !hung || !well) throw new Error('unreachable');
  await pass(stage, 'gate:switch', 'switched');
  stage.pointAt(destinations);
  const killed: Promise<void>[] = [];
  stage.once('after:intent', () => {
    hung.freeze();
    killed.push(dead.kill());
  });
  await stage.press('migration:rollback');
  await until(() => killed.length > 0, { within: 20_000 });
  await Promise.all(killed);
  await dead.start();
  const rows = (kind: string) => harness.view(id).journal.filter((row) => row.kind === kind);
  await until(() => rows('stuck').length === 2, { within: 40_000 });
  const form = harness.view(id).actions.find((one) => one.action === 'migration:serve_old');
  expect(form?.consequence).toMatch(/^Shard 1 and shard 2: /);
  hung.thaw();
  // Over, and back.
  await until(() => rows('promoted').filter((row) => row.shard === 1).length === 2, { within: 20_000 });
  traffic.pointAt(1, hung);
  traffic.pointAt(2, well);
  const written = () => traffic.counts()[1]?.acknowledged ?? 0;
  const before = written();
  await until(() => written() > before + 20);
  const value = form?.value ?? null;
  expect(await harness.click(id, 'migration:serve_old', { typedName: 'orders', value })).toMatchObject({
    accepted: true,
    text: 'The new server takes the writes of shard 1 again.',
  });
  await harness.phase(id, 'rolled_back');
  const [first] = destinations;
  if (!first) throw new Error('unreachable');
  expect(await hung.info('replication')).toMatchObject({ role: 'master' });
  expect(await destinations[1]?.info('replication')).toMatchObject({ role: 'slave', master_port: '1' });
  expect(await traffic.verify([first, hung, well])).toMatchObject({ missing: 0, examples: [] });
});

test.concurrent('an old server that hung, and takes the order to be a master once it has been given up: it is fenced', {
  timeout: 120_000,
}, async ({ expect, onTestFinished }) => {
  const stage = await toStreaming();
  onTestFinished(() => stage.close());
  const { sources, destinations, harness, id } = stage;
  await pass(stage, 'gate:switch', 'switched');
  stage.pointAt(destinations);
  stage.once('after:intent', () => sources[1]?.freeze());
  await stage.press('migration:rollback');
  await stage.press('migration:serve_old', 'orders');
  await until(() => /has not answered.*Abort to leave it as it is/.test(harness.view(id).waitingFor ?? ''), {
    within: 20_000,
  });
  sources[1]?.thaw();
  await harness.phase(id, 'rolled_back');
  expect(await sources[1]?.info('replication')).toMatchObject({ role: 'slave', master_port: '1' });
  expect(await destinations[1]?.info('replication')).toMatchObject({ role: 'master' });
});

test.concurrent('all shards of a roll back are given up, and an old server takes its order late: it is fenced', {
  timeout: 120_000,
}, async ({ expect, onTestFinished }) => {
  const stage = await toStreaming({ shards: 1 });
  onTestFinished(() => stage.close());
  const { sources, destinations, traffic, harness, id } = stage;
  const [old] = sources;
  if (!old) throw new Error('unreachable');
  await pass(stage, 'gate:switch', 'switched');
  stage.pointAt(destinations);
  stage.once('after:intent', () => old.freeze());
  await stage.press('migration:rollback');
  await stage.press('migration:serve_old', 'orders');
  await harness.phase(id, 'switched');
  old.thaw();
  const isTold = () =>
    harness.view(id).journal.some((row) => /has carried out the order to take the writes/.test(row.text));
  await until(isTold, { within: 20_000 });
  await until(async () => (await old.info('replication'))['master_port'] === '1', { within: 20_000 });
  await stage.press('gate:finish', 'orders');
  await harness.phase(id, 'finished');
  expect(await old.info('replication')).toMatchObject({ role: 'slave', master_port: '1' });
  expect(await traffic.verify(destinations)).toMatchObject({ missing: 0, examples: [] });
});

test.concurrent('both servers of a shard die in a roll back: the old one comes back, is all there is, and is left alone', {
  timeout: 120_000,
}, async ({ expect, onTestFinished }) => {
  const stage = await toStreaming({ config: DURABLE });
  onTestFinished(() => stage.close());
  const { sources, destinations, harness, id } = stage;
  const [, old] = sources;
  const [, fresh] = destinations;
  if (!old || !fresh) throw new Error('unreachable');
  await pass(stage, 'gate:switch', 'switched');
  stage.pointAt(destinations);
  const killed: Promise<void>[] = [];
  stage.once('after:intent', () => {
    killed.push(old.kill());
  });
  await stage.press('migration:rollback');
  await until(() => killed.length > 0, { within: 20_000 });
  await Promise.all(killed);
  await old.start();
  await until(() => harness.view(id).actions.some((one) => one.action === 'migration:serve_old'), { within: 40_000 });
  await fresh.kill();
  await stage.press('migration:serve_old', 'orders');
  await until(() => /Shard 2: .*refuses.*Abort to leave it as it is/.test(harness.view(id).waitingFor ?? ''), {
    within: 40_000,
  });
  const letGo = harness.view(id).journal.find((row) => row.kind === 'cutover_let_go');
  expect(letGo?.text).toMatch(/does not answer, and takes the writes when it is back/);
  expect(await old.info('replication')).toMatchObject({ role: 'master' });
  // It comes back without a fence, as the master that the person has decided for.
  await fresh.start();
  await harness.phase(id, 'rolled_back');
  expect(await old.info('replication')).toMatchObject({ role: 'slave', master_port: '1' });
  expect(await fresh.info('replication')).toMatchObject({ role: 'master' });
});
