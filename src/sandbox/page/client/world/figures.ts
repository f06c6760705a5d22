/** Figures of the panel, short enough to stand still while they change. Pure. */

export function whole(value: number | null): string {
  return value === null ? '–' : Math.round(value).toLocaleString('en-US');
}

/** Below ten thousand in full; then 12.3k, 4.5M. */
export function short(value: number | null): string {
  if (value === null) return '–';
  if (value < 10_000) return whole(value);
  if (value < 1_000_000) return `${(value / 1_000).toFixed(1)}k`;
  return `${(value / 1_000_000).toFixed(2)}M`;
}
