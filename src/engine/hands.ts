/**
 * An operator and an inspector for one piece of work on a migration's servers. Owns their connections from the first
 * use to `close`; nothing is opened for servers that are not touched.
 */
import type { Clock } from '../clock.ts';
import type { Side } from '../domain/event.ts';
import type { Plan } from '../domain/plan.ts';
import type { ConnectionDeps } from '../redis/connection.ts';
import { createInspector, type Inspector } from '../redis/inspector.ts';
import { createOperator, type Operator } from '../redis/operator.ts';

export interface HandsDeps extends ConnectionDeps {
  readonly clock: Clock;
}

export interface Hands {
  operator(shard: number, side: Side): Operator;
  inspector(shard: number, side: Side): Inspector;
  close(): void;
}

/** `timeoutMs` bounds each connect and each command; five seconds when left out. */
export function createHands(plan: Plan, deps: HandsDeps, timeoutMs?: number): Hands {
  const operators = new Map<string, Operator>();
  const inspectors = new Map<string, Inspector>();
  const endpoint = (shard: number, side: Side) => {
    const found = plan.shards[shard]?.[side];
    if (!found) throw new Error(`The plan has no shard ${shard}.`);
    return found;
  };
  return {
    operator(shard, side) {
      const key = `${side} ${shard}`;
      const existing = operators.get(key);
      if (existing) return existing;
      const fresh = createOperator(endpoint(shard, side), deps, timeoutMs);
      operators.set(key, fresh);
      return fresh;
    },
    inspector(shard, side) {
      const key = `${side} ${shard}`;
      const existing = inspectors.get(key);
      if (existing) return existing;
      const fresh = createInspector(endpoint(shard, side), deps.clock, deps, timeoutMs);
      inspectors.set(key, fresh);
      return fresh;
    },
    close() {
      for (const one of operators.values()) one.close();
      for (const one of inspectors.values()) one.close();
      operators.clear();
      inspectors.clear();
    },
  };
}
