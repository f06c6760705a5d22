/** The journal's sentences hold Slack's marks for people, moments and gates; outside of Slack they are plain words. Pure. */

/** A Slack id as people know its owner; the id itself where nobody knows. */
export type NameOf = (user: string) => string;

export const byId: NameOf = (user) => user;

const MARKS = /<@([UW][A-Z0-9]{1,20})>|<!date\^\d{1,12}\^[^|<>]{1,60}\|([^<>|]{1,60})>|<!subteam\^(S[A-Z0-9]{1,20})>/g;
const BOLD = /(?<![\p{L}\p{N}*])\*([a-z_]{3,20})\*(?![\p{L}\p{N}*])/gu;

export function plainText(text: string, nameOf: NameOf): string {
  return text
    .replace(MARKS, (_mark, user?: string, moment?: string, group?: string) =>
      user === undefined ? (moment ?? group ?? '') : nameOf(user),
    )
    .replace(BOLD, '$1');
}

/** On one line, without what nobody sees and what turns the direction of writing. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Noncharacter_Code_Point}\u2028\u2029]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** `2026-11-29 17:05:01 UTC` */
export function utc(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}
