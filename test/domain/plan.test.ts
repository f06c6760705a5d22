import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { fenceAddress, isMigrationId, migrationIdFrom, planHash } from '../../src/domain/plan.ts';
import { Secret } from '../../src/domain/secret.ts';
import { aPlan } from './support/build.ts';

const PLAN = aPlan(2);

describe('a plan', () => {
  it('has an id of four easy letters', () => {
    expect(migrationIdFrom(new Uint8Array([0, 31, 32, 255]))).toBe('m-0z0z');
    expect(isMigrationId('m-7k3q')).toBe(true);
    for (const text of ['m-7k3', 'm-7k3qq', '7k3q', 'm-7K3Q', 'm-7k3i', 'm-7k3q\n', ''])
      expect(isMigrationId(text)).toBe(false);
  });

  it('has a fence of its own on this machine’s closed side, for every id', () => {
    expect(fenceAddress('m-0000')).toEqual({ host: '127.64.0.0', port: 1 });
    expect(fenceAddress('m-zzzz')).toEqual({ host: '127.79.255.255', port: 1 });
    const letters = '0123456789abcdefghjkmnpqrstvwxyz';
    const hosts = new Set(
      Array.from(letters, (a) => Array.from(letters, (b) => fenceAddress(`m-${a}${b}${a}${b}`).host)).flat(),
    );
    expect(hosts.size).toBe(1024);
  });

  it('has a hash over everything that people approve', () => {
    expect(planHash(PLAN)).toMatch(/^[0-9a-f]{16}$/);
    expect(planHash(aPlan(2))).toBe(planHash(PLAN));
    const [first, second] = PLAN.shards;
    if (!first || !second) throw new Error('The plan has two shards.');
    for (const other of [
      aPlan(2, { name: 'x' }),
      aPlan(2, { yesWipe: true }),
      aPlan(2, { cutover: 'overlap' }),
      aPlan(2, { canary: { shard: 0, soakMs: 60_000 } }),
      aPlan(2, { schedule: { zone: 'UTC', startAt: 1_700_000_000_000 } }),
      aPlan(2, { shards: [first, { ...second, destination: { ...second.destination, port: 1 } }] }),
    ]) {
      expect(planHash(other)).not.toBe(planHash(PLAN));
    }
  });
});

it('a secret prints as [secret] wherever it ends up', () => {
  const secret = new Secret('hunter2-hunter2');
  for (const text of [
    String(secret),
    ['', ''].join(String(secret)),
    JSON.stringify({ secret }),
    inspect({ secret }, { depth: 9, showHidden: true }),
    format('%o %s %j', secret, secret, secret),
  ]) {
    expect(text).toContain('[secret]');
    expect(text).not.toContain('hunter2');
  }
  expect(secret.reveal()).toBe('hunter2-hunter2');
  expect(Object.entries(secret)).toEqual([]);
});
