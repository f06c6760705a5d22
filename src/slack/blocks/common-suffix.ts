/** What the addresses of many servers have in common at their end, so that a table can say it once. Pure. */

/** The longest end that all share and that begins with a dot or a colon, such as `.old.internal:6379`; may be empty. */
export function commonSuffix(addresses: readonly string[]): string {
  const [first = '', ...rest] = addresses;
  // Of each something is left.
  let length = Math.max(0, first.length - 1);
  for (const address of rest) {
    length = Math.min(length, Math.max(0, address.length - 1));
    while (length > 0 && !address.endsWith(first.slice(-length))) length -= 1;
  }
  const shared = length === 0 ? '' : first.slice(-length);
  const start = shared.search(/[.:]/);
  return start < 0 ? '' : shared.slice(start);
}
