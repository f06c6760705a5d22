/** One shard as preflight saw it, and the codes of what is found about it. */
import { expect } from 'vitest';
import type { Endpoint } from '../../../src/domain/endpoint.ts';
import type { ServerFacts } from '../../../src/domain/observation.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import { judgePreflight } from '../../../src/domain/preflight/judge.ts';
import type { PreflightSight, ServerProbe } from '../../../src/domain/preflight/sight.ts';
import type { Finding } from '../../../src/domain/preflight.ts';
import { aPlan, probe, seen } from '../support/build.ts';

/** What one side is; what is not said is healthy. */
export interface OneSide {
  readonly facts?: Partial<ServerFacts>;
  readonly probe?: Partial<ServerProbe>;
  readonly settings?: Readonly<Record<string, string | null>>;
  readonly endpoint?: Partial<Endpoint>;
}

const DESTINATION = { databases: '16', 'min-slaves-to-write': '0' };

export function sightOf(source: OneSide = {}, destination: OneSide = {}, shard = 0): PreflightSight {
  return {
    source: seen({ runId: `run-old-${shard}`, keys: 20_000, ...source.facts }),
    destination: seen({ runId: `run-new-${shard}`, ...destination.facts }),
    sourceProbe: probe(source.probe, { 'slave-read-only': 'yes', ...source.settings }),
    destinationProbe: probe(destination.probe, { ...DESTINATION, ...destination.settings }),
  };
}

/** Of one shard. Every finding is a sentence, and every error has a way out. */
export function findings(
  source: OneSide = {},
  destination: OneSide = {},
  more: Partial<Plan> = {},
): readonly Finding[] {
  const plan = aPlan(1, more);
  const [shard] = plan.shards;
  if (!shard) throw new Error('A plan of one shard has no shard.');
  const shards = [
    {
      ...shard,
      source: { ...shard.source, ...source.endpoint },
      destination: { ...shard.destination, ...destination.endpoint },
    },
  ];
  return proper(judgePreflight({ ...plan, shards }, [sightOf(source, destination)], new Map()).findings);
}

export function proper(found: readonly Finding[]): readonly Finding[] {
  for (const one of found) {
    expect(one.text).toMatch(/^[A-Za-z0-9[].*\.$/s);
    if (one.level !== 'note') expect(one.fix, `${one.code} has no fix`).toMatch(/^[A-Z].{5,}/);
    expect(`${one.text} ${one.fix ?? ''}`).not.toMatch(/undefined|NaN|null|Infinity/);
  }
  return found;
}

/** `error code`, in order. */
export function codes(found: readonly Finding[]): string[] {
  return found.map((one) => `${one.level} ${one.code}`);
}
