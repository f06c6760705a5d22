/** Moments as Slack shows them, in the reader's own zone. A `ts` is seconds since 1970 with six digits. */

export function dateOf(ts: string): Date {
  return new Date(Number(ts) * 1000);
}

export function clockTime(at: Date, seconds = false): string {
  return at.toLocaleTimeString(undefined, {
    hour: 'numeric',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' } : {}),
  });
}

export function dayOf(at: Date): string {
  return at.toDateString();
}

export function dayWords(at: Date): string {
  const today = new Date();
  const yesterday = new Date(today.getTime() - 86_400_000);
  if (dayOf(at) === dayOf(today)) return 'Today';
  if (dayOf(at) === dayOf(yesterday)) return 'Yesterday';
  return at.toLocaleDateString(undefined, { weekday: 'long', month: 'long', day: 'numeric' });
}

/** Slack's `<!date^…>`: the tokens of its format, and text around them. Null: a token that nobody here knows. */
export function slackDate(unixSeconds: string, format: string): string | null {
  const at = new Date(Number(unixSeconds) * 1000);
  if (Number.isNaN(at.getTime())) return null;
  const pretty = dayWords(at).toLowerCase();
  const short = at.toLocaleDateString(undefined, { month: 'short', day: 'numeric', year: 'numeric' });
  const long = at.toLocaleDateString(undefined, { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' });
  const plain = at.toLocaleDateString(undefined, { month: 'long', day: 'numeric', year: 'numeric' });
  const near = pretty === 'today' || pretty === 'yesterday' ? pretty : null;
  const tokens: Readonly<Record<string, string>> = {
    '{date_num}': at.toLocaleDateString('en-CA'),
    '{date}': plain,
    '{date_short}': short,
    '{date_long}': long,
    '{date_pretty}': near ?? plain,
    '{date_short_pretty}': near ?? short,
    '{date_long_pretty}': near ?? long,
    '{time}': clockTime(at),
    '{time_secs}': clockTime(at, true),
  };
  let unknown = false;
  const text = format.replace(/\{[a-z_]+\}/g, (token) => {
    unknown ||= tokens[token] === undefined;
    return tokens[token] ?? token;
  });
  return unknown ? null : text;
}
