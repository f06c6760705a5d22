/**
 * A Redis 7 as far as a control plane sees it: role, history, offsets, clients, settings. It holds no data; its offset
 * moves by itself as if an application wrote. Time comes from a Clock, so a test can hold it still.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';

export interface FakeOptions {
  /** Default 20,000 on a source and 0 on a destination of a pair. */
  readonly keys?: number;
  /** How fast its offset grows while it takes writes. Default 0. */
  readonly bytesPerSecond?: number;
  readonly writesPerSecond?: number;
  /** Application connections in its CLIENT LIST. Default 0. */
  readonly clients?: number;
  /** How long a full sync to it takes. Default 0. */
  readonly syncMs?: number;
  readonly version?: string;
}

export interface Master {
  readonly host: string;
  readonly port: number;
}

/** How a replica finds the state of the server that it follows; undefined for a closed port. */
export type Lookup = (port: number) => FakeState | undefined;

export const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  appendonly: 'no',
  'client-output-buffer-limit': 'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
  databases: '16',
  masterauth: '',
  masteruser: '',
  maxclients: '10000',
  maxmemory: '0',
  'maxmemory-policy': 'noeviction',
  'min-replicas-max-lag': '10',
  'min-replicas-to-write': '0',
  'repl-backlog-size': '1048576',
  'repl-backlog-ttl': '3600',
  'repl-diskless-load': 'disabled',
  'repl-diskless-sync': 'yes',
  'repl-diskless-sync-delay': '5',
  'repl-ping-replica-period': '10',
  'repl-timeout': '60',
  'replica-ignore-maxmemory': 'yes',
  'replica-read-only': 'yes',
  'replica-serve-stale-data': 'yes',
  requirepass: '',
  save: '',
  'tls-replication': 'no',
};

export class FakeState {
  readonly port: number;
  readonly version: string;
  readonly settings = new Map(Object.entries(DEFAULT_SETTINGS));
  readonly startedAt: number;
  readonly runId: string;
  readonly syncMs: number;
  keys: number;
  clients: number;
  bytesPerSecond: number;
  writesPerSecond: number;
  master: Master | null = null;
  replid: string;
  replid2 = '0'.repeat(40);
  secondOffset = -1;
  fullSyncs = 0;
  partialSyncs = 0;
  commands = 0;
  /** Writes that it took, and writes that it refused because it is a replica. */
  writes = 0;
  refusals = 0;
  pausedUntil = 0;
  /** Servers that were told to follow this one. */
  readonly followers = new Set<FakeState>();

  readonly #clock: Clock;
  readonly #lookup: Lookup;
  #offset = 0;
  #advancedAt: number;
  #syncUntil: number | null = null;
  /** Whether it has the history of the server that it follows. */
  #synced = false;
  #advancing = false;

  constructor(port: number, options: FakeOptions, clock: Clock, lookup: Lookup) {
    this.port = port;
    this.version = options.version ?? '7.0.15';
    this.keys = options.keys ?? 0;
    this.clients = options.clients ?? 0;
    this.bytesPerSecond = options.bytesPerSecond ?? 0;
    this.writesPerSecond = options.writesPerSecond ?? 0;
    this.syncMs = options.syncMs ?? 0;
    this.#clock = clock;
    this.#lookup = lookup;
    this.startedAt = clock.monotonicMs();
    this.#advancedAt = this.startedAt;
    this.runId = hexId(`run ${port}`);
    this.replid = hexId(`history ${port}`);
  }

  get offset(): number {
    return Math.floor(this.#offset);
  }

  get paused(): boolean {
    return this.#clock.monotonicMs() < this.pausedUntil;
  }

  get uptimeSeconds(): number {
    return Math.floor((this.#clock.monotonicMs() - this.startedAt) / 1_000);
  }

  get linkUp(): boolean {
    return this.master !== null && this.#synced && this.source() !== undefined;
  }

  get syncing(): boolean {
    return this.#syncUntil !== null;
  }

  source(): FakeState | undefined {
    return this.master === null || !/^(127\.0\.0\.1|localhost|::1)$/.test(this.master.host)
      ? undefined
      : this.#lookup(this.master.port);
  }

  pause(ms: number): void {
    this.advance();
    this.pausedUntil = Math.max(this.pausedUntil, this.#clock.monotonicMs() + ms);
  }

  unpause(): void {
    this.advance();
    this.pausedUntil = 0;
  }

  /** REPLICAOF host port. The same master again changes nothing. */
  follow(master: Master): boolean {
    this.advance();
    if (this.master?.host === master.host && this.master.port === master.port) return false;
    this.source()?.followers.delete(this);
    this.master = master;
    this.source()?.followers.add(this);
    this.#synced = false;
    this.#syncUntil = null;
    this.advance();
    return true;
  }

  /** REPLICAOF NO ONE. */
  promote(): void {
    this.advance();
    if (this.master === null) return;
    this.source()?.followers.delete(this);
    this.master = null;
    this.#syncUntil = null;
    this.#synced = false;
    this.replid2 = this.replid;
    this.secondOffset = this.offset + 1;
    this.replid = hexId(`${this.replid} from ${this.secondOffset} on at ${this.port}`);
  }

  /** Wall-clock milliseconds. */
  now(): number {
    return this.#clock.now();
  }

  /** Brings everything up to this moment. Cheap; called before each look. */
  advance(): void {
    // Two servers that follow each other would go round for ever.
    if (this.#advancing) return;
    this.#advancing = true;
    this.#advance();
    this.#advancing = false;
  }

  #advance(): void {
    const now = this.#clock.monotonicMs();
    const from = Math.max(this.#advancedAt, Math.min(this.pausedUntil, now));
    const seconds = (now - from) / 1_000;
    this.#advancedAt = now;
    if (this.master !== null) {
      this.refusals += this.writesPerSecond * seconds;
      this.#followUp(now);
      return;
    }
    this.#offset += this.bytesPerSecond * seconds;
    this.writes += this.writesPerSecond * seconds;
  }

  #followUp(now: number): void {
    const source = this.source();
    if (!source || source === this) {
      this.#synced = false;
      return;
    }
    source.advance();
    if (this.#synced) {
      this.#adopt(source);
      return;
    }
    if (this.#syncUntil === null) {
      if (this.#canContinue(source)) {
        source.partialSyncs += 1;
        this.#adopt(source);
        return;
      }
      source.fullSyncs += 1;
      this.#syncUntil = now + this.syncMs;
    }
    if (now < this.#syncUntil) return;
    this.#syncUntil = null;
    this.keys = source.keys;
    this.#adopt(source);
  }

  #canContinue(source: FakeState): boolean {
    if (this.replid === source.replid) return this.offset <= source.offset;
    return this.replid === source.replid2 && this.offset < source.secondOffset;
  }

  #adopt(source: FakeState): void {
    this.#synced = true;
    this.replid = source.replid;
    this.replid2 = source.replid2;
    this.secondOffset = source.secondOffset;
    this.#offset = source.offset;
  }
}

/** Forty hexadecimal digits, always the same for the same text. */
function hexId(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
