/** A fleet, an inventory of one old and one new server, and a migration between them from start to end. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect as show } from 'node:util';
import { expect } from 'vitest';
import type { MigrationView } from '../../src/domain/view.ts';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type ServerOptions, startFleet } from '../../src/sandbox/redis/fleet.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { createHarness, type Harness } from './engine.ts';
import { inventoryOf } from './inventory.ts';

export const OLD_PASSWORD = 'old-side-password';
export const NEW_PASSWORD = 'new-side-password';

/** A server and how the inventory tells of it. */
export type Entry = readonly [keys: object, server: RedisServerHandle];

export interface Stage {
  readonly dir: string;
  /** For the inventory: where OLD_PASSWORD and NEW_PASSWORD are. */
  readonly oldPassword: { readonly password: string };
  readonly newPassword: { readonly password: string };
  server(options?: ServerOptions): Promise<RedisServerHandle>;
  /** An engine that knows these two as the groups `old` and `new`; closed with the stage. */
  engine(source: object, destination: object): Harness;
  /** From start to finished, with a key that is written while the copy follows. */
  move(source: Entry, destination: Entry): Promise<MigrationView>;
  close(): Promise<void>;
}

/** What `Harness.start` takes, for the groups of a stage. */
export const OLD_TO_NEW = { sources: ['old'], destinations: ['new'] };

export async function openStage(): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'redis-migrate-stage-'));
  const fleet = await startFleet();
  await writeFile(join(dir, 'old'), OLD_PASSWORD);
  await writeFile(join(dir, 'new'), NEW_PASSWORD);
  const harnesses: Harness[] = [];

  function engine(source: object, destination: object): Harness {
    const harness = createHarness({ inventory: inventoryOf({ old: [source], new: [destination] }) });
    harnesses.push(harness);
    return harness;
  }

  return {
    dir,
    oldPassword: { password: `file:${join(dir, 'old')}` },
    newPassword: { password: `file:${join(dir, 'new')}` },
    server: (options = {}) =>
      fleet.server({ ...options, config: { 'repl-diskless-sync-delay': '0', ...options.config } }),
    engine,
    async move([source, from], [destination, to]) {
      await fill(from, { keys: 200 });
      const bot = engine(source, destination);
      const id = await bot.start(OLD_TO_NEW);
      const planned = await bot.open(id, 'continue');
      expect(planned.findings.filter((one) => one.level === 'error')).toEqual([]);
      await bot.click(id, 'gate:continue');
      await bot.open(id, 'switch');
      await from.call('SET', 'written while it follows', 'yes');
      const keys = await keysOf(from);
      await bot.click(id, 'gate:switch');
      await bot.phase(id, 'switched');
      await bot.open(id, 'finish');
      await bot.click(id, 'gate:finish');
      const finished = await bot.phase(id, 'finished');
      expect(await to.call('GET', 'written while it follows')).toBe('yes');
      expect(await keysOf(to)).toEqual(keys);
      expect(await to.info('replication')).toMatchObject({ role: 'master' });
      return finished;
    },
    async close() {
      await Promise.all(harnesses.map((one) => one.close()));
      await fleet.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Keys and keys that expire in each database. */
async function keysOf(at: RedisServerHandle): Promise<string[]> {
  return Object.entries(await at.info('keyspace')).map(([name, text]) => `${name} ${text.replace(/,avg_ttl.*/, '')}`);
}

export function holdsNoSecret(...shown: readonly unknown[]): void {
  const text = shown.map((one) => show(one, { depth: 20, showHidden: true, maxArrayLength: null })).join('\n');
  for (const secret of [OLD_PASSWORD, NEW_PASSWORD, 'PRIVATE KEY', 'BEGIN CERT']) expect(text).not.toContain(secret);
}
