/** Where a Chromium may be, the best first. */
export const PLACES: readonly string[];
/** What it is started with: without a screen, and without a word to anybody outside. */
export const ARGUMENTS: string[];

/** Its path; null when there is none and it could not be installed. */
export function ensureChromium(say: (line: string) => void): Promise<string | null>;
