/** Speeds: how fast a figure of one server grows between two looks. Pure. */
import type { ServerFacts, ServerLook } from './observation.ts';

/** Growth a second of a figure between two looks at one server; null when the process was another or time stood still. */
export function rates(now: ServerLook, earlier: ServerLook | null) {
  return (figure: (facts: ServerFacts) => number | null): number | null => {
    if (!now.ok || !earlier?.ok || now.at <= earlier.at || now.facts.runId !== earlier.facts.runId) return null;
    const before = figure(earlier.facts);
    const after = figure(now.facts);
    if (before === null || after === null || after < before) return null;
    return Math.round(((after - before) * 1000) / (now.at - earlier.at));
  };
}

/** A speed that may also fall, such as bytes that are left; counted the other way round. */
export function fallRate(
  now: ServerLook,
  earlier: ServerLook | null,
  figure: (facts: ServerFacts) => number | null,
): number | null {
  const speed = rates(
    now,
    earlier,
  )((facts) => {
    const left = figure(facts);
    return left === null ? null : Number.MAX_SAFE_INTEGER - left;
  });
  return speed;
}

export function number(offset: bigint | null): number | null {
  return offset === null ? null : Number(offset);
}
