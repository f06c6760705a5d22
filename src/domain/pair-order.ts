/**
 * Which new server each old one goes to, put into another order before anything starts. The old servers keep their
 * places, so that the number of a shard means the same before and after. Pure.
 */
import { isIP } from 'node:net';
import { addressOf, type Endpoint, parseEndpoint } from './endpoint.ts';
import type { Plan } from './plan.ts';
import { listText } from './words.ts';

export function destinationsOf(plan: Plan): readonly string[] {
  return plan.shards.map((shard) => addressOf(shard.destination));
}

export type Reordered =
  | { readonly ok: true; readonly plan: Plan }
  /** A sentence for the person who typed the order. */
  | { readonly ok: false; readonly problem: string };

/** `typed`: every new server of the plan once, in the order that is wanted. */
export function reordered(plan: Plan, typed: readonly string[]): Reordered {
  const known = new Map(plan.shards.map((shard) => [addressOf(shard.destination), shard.destination]));
  const wanted: Endpoint[] = [];
  const strange: string[] = [];
  const twice: string[] = [];
  const seen = new Set<string>();
  for (const token of typed) {
    const parsed = parseEndpoint(token);
    if (!parsed.ok) return { ok: false, problem: `${parsed.problem}.` };
    const address = addressOf(parsed.endpoint);
    const server = known.get(address);
    if (server === undefined) strange.push(address);
    else if (seen.has(address)) twice.push(address);
    else wanted.push(server);
    seen.add(address);
  }
  const missing = [...known.keys()].filter((address) => !seen.has(address));
  const problems = [
    ...(strange.length === 0 ? [] : [`Not among the new servers: ${listText(strange)}.`]),
    ...(twice.length === 0 ? [] : [`There twice: ${listText(twice)}.`]),
    ...(missing.length === 0 ? [] : [`Missing: ${listText(missing)}.`]),
  ];
  if (problems.length > 0)
    return {
      ok: false,
      problem: `${problems.join(' ')} Here they only change places; go back to change which they are.`,
    };
  return { ok: true, plan: withDestinations(plan, wanted) };
}

/** The first by name goes to the first by name; numbers in names count as numbers. */
export function matchedByName(plan: Plan): Plan {
  const { compare } = new Intl.Collator('en', { numeric: true });
  const sorted = (side: 'source' | 'destination') =>
    plan.shards.toSorted((a, b) => compare(addressOf(a[side]), addressOf(b[side])));
  const destinations = sorted('destination').map((shard) => shard.destination);
  const wanted = [...plan.shards].map((shard) => shard.destination);
  for (const [rank, { index }] of sorted('source').entries()) {
    const destination = destinations[rank];
    if (destination !== undefined) wanted[index] = destination;
  }
  return withDestinations(plan, wanted);
}

/**
 * Shards whose two names carry different numbers, where the numbers of both sides are the same in all: `old-3` beside
 * `new-4` is mostly a mistake. Indices from 0; empty where names tell nothing.
 */
export function oddPairs(plan: Plan): readonly number[] {
  const numbers = plan.shards.map((shard) => [numberIn(shard.source.host), numberIn(shard.destination.host)] as const);
  const all = (side: 0 | 1) =>
    numbers
      .map((pair) => pair[side] ?? -1)
      .toSorted((a, b) => a - b)
      .join(' ');
  const told = numbers.every(([source, destination]) => source !== null && destination !== null);
  if (!told || all(0) !== all(1)) return [];
  return numbers.flatMap(([source, destination], index) => (source === destination ? [] : [index]));
}

function numberIn(host: string): number | null {
  if (isIP(host) !== 0) return null;
  const digits = /(\d+)\D*$/.exec(host.split('.')[0] ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}

function withDestinations(plan: Plan, destinations: readonly Endpoint[]): Plan {
  return {
    ...plan,
    shards: plan.shards.map((shard) => ({ ...shard, destination: destinations[shard.index] ?? shard.destination })),
  };
}
