/** Numbers as people read them. Binary units; at most one digit behind the point. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

export function countText(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** `3 shards`, `1 shard`. */
export function plural(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export function secondsText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * For how long something has been so: never more than it was, and in steps so coarse that a message that shows it seldom
 * changes by it alone. `a few seconds`, `20 s`, `7 min`, `2 h`.
 */
export function roughText(seconds: number): string {
  if (seconds < 5) return 'a few seconds';
  if (seconds < 60) return `${seconds < 10 ? 5 : Math.floor(seconds / 10) * 10} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes < 10 ? minutes : Math.floor(minutes / 5) * 5} min`;
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} days`;
}

/** What came from outside, inside a sentence of ours: Slack's marks for people and groups are none in it. */
export function callingNobody(text: string): string {
  return text.replaceAll('<', '‹').replaceAll('>', '›');
}

/** What a server says of a setting or a person has typed, inside a sentence: on one line, not too long, and calling nobody in Slack. */
export function quoted(value: string, most = 100): string {
  const characters = Array.from(callingNobody(value.replace(/\s+/g, ' ')));
  return `"${characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : characters.join('')}"`;
}

/** As much of a typed reason is told. */
const REASON_CHARACTERS = 300;

/** A reason that a person has typed, quoted: it formats nothing of what stands around it, and hides nothing in it. */
export function saidText(typed: string): string {
  const bare = typed
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .replaceAll('*', '∗')
    .replaceAll('`', 'ˋ')
    .replaceAll('~', '∼')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '＿')
    .trim()
    // The sentence around it has a full stop of its own.
    .replace(/(?<=[^.\s])\.$/, '');
  return quoted(bare, REASON_CHARACTERS);
}

/** Slack shows it in each reader's own time; elsewhere it reads as UTC. `at`: wall-clock milliseconds. */
export function clockMark(at: number): string {
  const iso = new Date(at).toISOString();
  return `<!date^${Math.floor(at / 1000)}^{time_secs}|${iso.slice(11, 19)} UTC>`;
}

/** `a`, `a and b`, `a, b and c`; after `most`: `a, b and 7 more`. */
export function listText(items: readonly string[], most = 5): string {
  if (items.length > most) return `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}

/** Shards are counted from 1 for people. */
export function shardText(index: number): string {
  return `shard ${index + 1}`;
}

export function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
