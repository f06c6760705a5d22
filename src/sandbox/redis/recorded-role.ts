/** What the parts of a recorded server know of each other. */
import type { ScriptedConnection } from './scripted.ts';

export interface Master {
  readonly host: string;
  readonly port: number;
}

/** What the pair decides. */
export interface RecordedRole {
  /** INFO of this moment. */
  info(): string;
  /** CLIENT LIST as recorded in this moment; empty on a side that nobody asked. */
  clients(): string;
  master(): Master | null;
  /** SLAVEOF host port, or NO ONE for null. */
  follow(master: Master | null): void;
}

/** Of one connection. */
export interface RecordedSession {
  readonly connection: ScriptedConnection;
  authenticated: boolean;
  name: string;
  lastCommand: string;
  queue: (readonly string[])[] | null;
}
