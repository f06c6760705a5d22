import { decide } from '../../../src/domain/decide.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import type { Effect } from '../../../src/domain/event.ts';
import type { PairLook } from '../../../src/domain/observation.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import type { MigrationState } from '../../../src/domain/state.ts';
import { freshPair, POLICY, sightOf } from './build.ts';

export function decided(
  state: MigrationState,
  looks: readonly PairLook[],
  more: Parameters<typeof sightOf>[2] = {},
  policy = POLICY,
): Decision {
  return decide(state, sightOf(state, looks, more), policy);
}

export function fresh(plan: Plan): PairLook[] {
  return plan.shards.map(({ index }) => freshPair(index));
}

export function shardsOf(effects: readonly Effect[], kind: Effect['kind']): number[] {
  return effects.filter((one) => one.kind === kind).map((one) => one.shard);
}
