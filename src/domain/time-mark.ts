/** A moment inside a sentence. Slack shows it in each reader's own time; everywhere else it is ISO 8601. Pure. */

/** A moment as a part of a sentence of ours; `plainTimes` undoes it where nobody reads Slack's marks. */
export function dateMark(ms: number): string {
  const iso = new Date(ms).toISOString().replace('.000', '');
  return `<!date^${Math.floor(ms / 1000)}^{date_long_pretty} at {time}|${iso}>`;
}

/** For JSON, logs and webhooks. */
export function plainTimes(text: string): string {
  return text.replace(/<!date\^\d{1,12}\^[^|<>]{1,60}\|([^<>|]{1,60})>/g, '$1');
}
