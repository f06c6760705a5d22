/** What was asked for. Made once, never changed; its hash is what approvals are bound to. */
import { createHash } from 'node:crypto';
import type { Endpoint } from './endpoint.ts';

export const CUTOVERS = ['fenced', 'overlap'] as const;
export type Cutover = (typeof CUTOVERS)[number];

/** `m-` and four characters of the alphabet below, such as `m-7k3q`. */
export type MigrationId = string;

export interface ShardPlan {
  /** From 0, the order in which the servers were given. */
  readonly index: number;
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

/** One shard that goes over before the others, to see how the application gets on with its new server. */
export interface Canary {
  /** From 0. */
  readonly shard: number;
  /** How long the others wait behind it, milliseconds. */
  readonly soakMs: number;
}

/** When *switch* may happen: it opens whenever the cron expression says, for so many minutes. */
export interface SwitchWindow {
  /** Five fields, one space between them. */
  readonly cron: string;
  readonly minutes: number;
}

/** When things happen. At least one of `startAt` and `window` is there. */
export interface Schedule {
  /** The time zone of the window, such as `Europe/Berlin`. */
  readonly zone: string;
  /** Wall-clock milliseconds before which *continue* stays closed. */
  readonly startAt?: number;
  readonly window?: SwitchWindow;
  /** Switches by itself in a window, if that was approved beforehand. */
  readonly autoSwitch?: true;
}

/** A schedule as it was typed or chosen. */
export interface ScheduleRequest {
  /** `02:00`, `2026-12-05 02:00`, or ISO 8601 with an offset. */
  readonly at?: string;
  /** A cron expression of five fields. */
  readonly window?: string;
  readonly windowMinutes?: string;
  /** Left out: UTC. */
  readonly zone?: string;
  readonly autoSwitch?: boolean;
}

export interface Plan {
  readonly id: MigrationId;
  readonly name: string;
  readonly shards: readonly ShardPlan[];
  readonly cutover: Cutover;
  /** Whether destinations that hold keys may be wiped, once the name was typed as well. */
  readonly yesWipe: boolean;
  /** Slack user id. */
  readonly requestedBy: string;
  /** Slack channel id. */
  readonly channel: string;
  /** Wall-clock milliseconds. */
  readonly createdAt: number;
  /** Absent where all shards go together, so that the hash of such a plan stays what it was. */
  readonly canary?: Canary;
  /** Why it is done, or a link to the ticket, as it was typed. Absent when nobody said. */
  readonly reason?: string;
  /** Absent where everything happens as soon as it is approved; so, too, for the hash. */
  readonly schedule?: Schedule;
}

/** A plan as it was asked for, before anything was looked up. Each token is an address or the name of a group. */
export interface PlanRequest {
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly name?: string;
  readonly cutover?: Cutover;
  readonly yesWipe: boolean;
  readonly canary?: Canary;
  readonly reason?: string;
  readonly schedule?: ScheduleRequest;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID = new RegExp(`^m-[${ALPHABET}]{4}$`);

export function isMigrationId(text: string): boolean {
  return ID.test(text);
}

/** Makes an id out of at least four random bytes. */
export function migrationIdFrom(bytes: Uint8Array): MigrationId {
  let id = 'm-';
  for (let place = 0; place < 4; place++) id += ALPHABET.charAt((bytes[place] ?? 0) & 31);
  return id;
}

/**
 * The closed address behind which this migration fences its old masters: `127.a.b.c`, port 1. It carries the
 * migration's number, so that a look at a server tells who fenced it. Never 127.0.x.x, where things do listen.
 */
export function fenceAddress(id: MigrationId): { host: string; port: number } {
  let number = 0;
  for (const letter of id.slice(2)) number = number * 32 + ALPHABET.indexOf(letter);
  return { host: `127.${64 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`, port: 1 };
}

const hashes = new WeakMap<Plan, string>();

/** 16 hexadecimal digits over everything that people approve. A plan never changes: each is hashed once. */
export function planHash(plan: Plan): string {
  const known = hashes.get(plan);
  if (known !== undefined) return known;
  const hash = createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 16);
  hashes.set(plan, hash);
  return hash;
}
