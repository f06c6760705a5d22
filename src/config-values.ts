/** The kinds of value that a variable may have, each with the sentence that a wrong one is refused with. Part of config.ts. */
import { z } from 'zod';
import { GATES, type Gate } from './domain/phase.ts';

export function wholeNumber(min: number, max: number, fallback: number) {
  const good = (text: string) => /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max;
  const text = z.string().default(String(fallback));
  return text.refine(good, `must be a whole number from ${min} to ${max}`).transform(Number);
}

export function oneOf<const T extends readonly [string, ...string[]]>(values: T, fallback: T[number]) {
  const among = z.enum(values, `must be one of ${values.join(', ')}`);
  return z.string().default(fallback).pipe(among);
}

export function yesOrNo(fallback: 'true' | 'false') {
  const among = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');
  return z.string().default(fallback).pipe(among);
}

export function webAddress(what: string) {
  return z.string().superRefine((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || !/^https?:$/.test(url.protocol))
      context.addIssue(`must be an http:// or https:// address: ${what}`);
    else if (url.username !== '' || url.password !== '') context.addIssue('must not hold a user or a password');
  });
}

export function slackIds() {
  return z.string().transform((text, context): readonly string[] => {
    const ids = splitList(text);
    const wrong = ids.filter((id) => !/^[UWS][A-Z0-9]+$/.test(id));
    if (ids.length === 0) context.addIssue('names nobody; leave it out to allow everybody');
    if (wrong.length > 0) {
      const shown = wrong.map((id) => `"${id.slice(0, 40)}"`).join(', ');
      context.addIssue(
        `must list Slack user ids (U…, W…) and user group ids (S…), separated by commas; wrong: ${shown}`,
      );
    }
    return [...new Set(ids)];
  });
}

export function parseApprovals(text: string, context: z.RefinementCtx): Record<Gate, number> {
  const needed: Record<Gate, number> = { continue: 1, switch: 1, finish: 1 };
  const seen = new Set<string>();
  for (const part of splitList(text)) {
    const match = /^([a-z]+)\s*=\s*(\d{1,3})$/.exec(part);
    const gate = GATES.find((name) => name === match?.[1]);
    const count = Number(match?.[2]);
    if (gate === undefined || seen.has(gate) || count < 1 || count > 100) {
      context.addIssue(
        'must look like continue=1,switch=2,finish=1: each gate once at most, each number from 1 to 100',
      );
      return needed;
    }
    seen.add(gate);
    needed[gate] = count;
  }
  return needed;
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
