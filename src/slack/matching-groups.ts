import { nearest } from './did-you-mean.ts';

/** Slack shows no more. */
const MOST = 100;

/** Groups whose names begin with what was typed, then those that hold it; where none does, the one that is nearest. */
export function matchingGroups(typed: string, groups: readonly string[]): readonly string[] {
  const wanted = typed.trim().toLowerCase();
  const at = (group: string) => group.toLowerCase().indexOf(wanted);
  const found = groups.filter((group) => at(group) >= 0);
  if (found.length > 0) return found.toSorted((a, b) => Number(at(a) > 0) - Number(at(b) > 0)).slice(0, MOST);
  const near = nearest(wanted, groups);
  return near === null ? [] : [near];
}
