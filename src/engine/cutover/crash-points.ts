/** The places of a cut-over at which a test ends the process; each is right behind the command or row that it names. */
export const CRASH_POINTS = [
  'after:started',
  'after:prepared',
  'after:pause',
  'after:frozen',
  'after:applied',
  'after:fence',
  'after:proven',
  'after:intent',
  'after:promote-1-of-n',
  'before:unpause',
  'after:promote',
  'after:concluded',
  'after:follow-back',
  'after:undo',
] as const;

/** The same of the opening of an overlap. */
export const OPENING_POINTS = [
  'after:guard-1-of-n',
  'after:guard',
  'after:open-1-of-n',
  'after:open',
  'after:opened',
] as const;

export type CrashPoint = (typeof CRASH_POINTS)[number] | (typeof OPENING_POINTS)[number];
