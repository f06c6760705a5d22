/** Figures as people read them under pressure: binary units, three digits, an en dash for what nobody knows. */

export const UNKNOWN = '–';
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

type Figure = number | null;

export function bytes(value: Figure): string {
  if (unknown(value)) return UNKNOWN;
  let amount = value;
  let unit = 0;
  while (amount >= 1023.5 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(amount) : threeDigits(amount)} ${UNITS[unit]}`;
}

export function rate(bytesPerSecond: Figure): string {
  return unknown(bytesPerSecond) ? UNKNOWN : `${bytes(bytesPerSecond)}/s`;
}

/** Whole numbers with a comma every three digits; from a million on with three digits. */
export function count(value: Figure): string {
  if (unknown(value)) return UNKNOWN;
  const whole = Math.round(value);
  if (whole < 1_000_000) return whole.toLocaleString('en-US');
  if (whole < 999_500_000) return `${threeDigits(whole / 1_000_000)} M`;
  return `${threeDigits(whole / 1_000_000_000)} G`;
}

export function perSecond(value: Figure): string {
  if (unknown(value)) return UNKNOWN;
  return `${value > 0 && value < 10 ? Number(value.toFixed(1)) : count(value)}/s`;
}

/** Never 100 % before it is: 99.6 shows as 99 %. */
export function percent(value: Figure): string {
  return unknown(value) ? UNKNOWN : `${Math.floor(Math.min(100, value))} %`;
}

export function duration(seconds: Figure): string {
  if (unknown(seconds)) return UNKNOWN;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (part: number) => String(part).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** How long ago, in steps so coarse that a message seldom changes by it alone. */
export function ago(seconds: number): string {
  return `${AGO[agoStep(seconds)]?.[1] ?? 'a day'} ago`;
}

/** From 0; the same number for all that are shown alike. */
export function agoStep(seconds: number): number {
  return AGO.findLastIndex(([from]) => seconds >= from);
}

const AGO: readonly (readonly [number, string])[] = [
  [Number.NEGATIVE_INFINITY, 'a moment'],
  [10, 'over 10 s'],
  [60, 'over a minute'],
  [600, 'over 10 min'],
  [3_600, 'over an hour'],
  [86_400, 'over a day'],
];

export function milliseconds(value: Figure): string {
  if (unknown(value)) return UNKNOWN;
  return value < 10_000 ? `${Math.round(value)} ms` : duration(value / 1000);
}

export function plural(amount: number, one: string, many = `${one}s`): string {
  return `${count(amount)} ${amount === 1 ? one : many}`;
}

function unknown(value: Figure): value is null {
  return value === null || !Number.isFinite(value) || value < 0;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return String(Math.round(value));
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
