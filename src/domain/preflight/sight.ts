/** What preflight saw of one shard: a look at each side, and what each was asked beyond that. */
import type { ServerLook } from '../observation.ts';

/** Answers to what a look does not ask. Made by redis/probe.ts. `null`: nobody knows. */
export interface ServerProbe {
  /** By the name that was asked for; null where the server has no such setting. Never a password. */
  readonly settings: ReadonlyMap<string, string | null>;
  /** Why settings cannot be read, as a sentence; null when they can. */
  readonly settingsProblem: string | null;
  /** None on servers that know no modules. */
  readonly modules: readonly ModuleFacts[] | null;
  /** [FUNCTION LIST] */
  readonly functions: FunctionFacts | null;
  /** [FUNCTION STATS] engines that can run functions, in capitals. */
  readonly engines: readonly string[] | null;
  /** Its clock less ours, and how wrong that may be: half of the round trip. */
  readonly clock: { readonly aheadMs: number; readonly errorMs: number } | null;
  /** Addresses of the Sentinels that watch it; empty address: one that only its subscription gave away. */
  readonly sentinels: readonly string[];
  /** Whether it asks for a password; absent where nobody asked (from 6.0 on, or CONFIG is hidden). */
  readonly asksPassword?: boolean;
  /** What our user cannot do there. */
  readonly denied: readonly Denied[];
}

export interface ModuleFacts {
  readonly name: string;
  readonly version: number;
}

export interface FunctionFacts {
  readonly libraries: number;
  /** In capitals. */
  readonly engines: readonly string[];
}

/** `hidden`: the server does not know the command (renamed, or a managed service). */
export interface Denied {
  /** As it is called: `CLIENT PAUSE`. */
  readonly command: string;
  readonly why: 'hidden' | 'no_permission';
}

/** What came of letting the destination try to reach its source; see trial.ts. */
export type LinkTrial =
  | { readonly kind: 'reached' }
  /** `text`: what was seen instead, as a sentence. */
  | { readonly kind: 'not_reached'; readonly text: string }
  /** `why`: a sentence. */
  | { readonly kind: 'not_tried'; readonly why: string };

export interface PreflightSight {
  readonly source: ServerLook;
  readonly destination: ServerLook;
  readonly sourceProbe: ServerProbe;
  readonly destinationProbe: ServerProbe;
  /** Null where nobody tried, or was going to. */
  readonly trial: LinkTrial | null;
  /** What a trial has left behind, as a sentence; null when all is as it was. */
  readonly left: string | null;
}

/** Of a server that was not asked: one that does not answer, or that loads. */
export const NOT_PROBED: ServerProbe = {
  settings: new Map(),
  settingsProblem: null,
  modules: null,
  functions: null,
  engines: null,
  clock: null,
  sentinels: [],
  denied: [],
};

/** A setting that is a whole number; null where it is unknown. */
export function numberIn(probe: ServerProbe, name: string): number | null {
  const value = probe.settings.get(name);
  return value != null && /^\d+$/.test(value) ? Number(value) : null;
}
