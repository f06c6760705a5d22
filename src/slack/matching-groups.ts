import { nearest } from './did-you-mean.ts';

/** Slack shows no more. */
const MOST = 100;
/** Slack's limit for the value of an option: one that is longer, or empty, and none of them would be shown. */
const CHARACTERS = 75;

/** Groups whose names begin with what was typed, then those that hold it; where none does, the one that is nearest. */
export function matchingGroups(typed: string, all: readonly string[]): readonly string[] {
  const groups = all.filter((group) => group !== '' && group.length <= CHARACTERS);
  const wanted = typed.trim().toLowerCase();
  const at = (group: string) => group.toLowerCase().indexOf(wanted);
  const found = groups.filter((group) => at(group) >= 0);
  if (found.length > 0) return found.toSorted((a, b) => Number(at(a) > 0) - Number(at(b) > 0)).slice(0, MOST);
  const near = nearest(wanted, groups);
  return near === null ? [] : [near];
}
