/**
 * The only way for text that came from outside into a message. Slack reads `<!channel>` in any text as a call to
 * everybody, so `& < >` are escaped everywhere; names lose the characters that would format what follows them.
 */

const MARKS: Readonly<Record<string, string>> = { '*': '∗', _: '＿', '~': '∼', '`': 'ˋ' };
// What no sentence needs: control characters but for line breaks, and what turns the direction of writing.
const UNWANTED = /[^\P{Cc}\n]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
// Line breaks, control characters, and the characters that turn the direction of writing or take no room.
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu;

/** A person, or a moment in the reader's time zone: the only marks that sentences of ours may hold. */
const PEOPLE_AND_TIMES = /<@[UW][A-Z0-9]{1,20}>|<!date\^\d{1,12}\^[^|<>]{1,60}\|[^<>|]{1,60}>/y;
/**
 * What Slack would draw as an emoji, up to its last colon: `10.0.0.1:1234: refused` has one in it. A word joiner keeps the
 * two apart, behind the number, so that an address can still be copied.
 */
const EMOJI = /:[a-z0-9_+'-]{1,100}(?=:)/iy;
const WORD_JOINER = '\u2060';
const NO_MARKS = /(?!)/y;
const GROUPS_TOO = new RegExp(`${PEOPLE_AND_TIMES.source}|<!subteam\\^S[A-Z0-9]{1,20}>`, 'y');

/** Escapes what Slack reads as markup and cuts to `limit` characters, never inside an entity or a surrogate pair. */
export function fit(text: string, limit: number): string {
  return cut(pieces(text, NO_MARKS), limit);
}

/** A sentence of ours that may quote names: escaped but for people and times, cut, its own formatting kept. */
export function sentence(text: string, limit = 600): string {
  return cut(pieces(text, PEOPLE_AND_TIMES), limit);
}

/** As `sentence`, for one person alone: there a user group can be named without calling it. */
export function answerSentence(text: string, limit = 1_500): string {
  return cut(pieces(text, GROUPS_TOO), limit);
}

function pieces(text: string, marks: RegExp): string[] {
  const found: string[] = [];
  // The groups of an IPv6 address stand between brackets, and stay as they are.
  let inBrackets = false;
  for (let place = 0; place < text.length; ) {
    if (text[place] === '[') inBrackets = true;
    else if (text[place] === ']') inBrackets = false;
    marks.lastIndex = place;
    const piece = text[place] === '<' ? marks.exec(text)?.[0] : undefined;
    EMOJI.lastIndex = place;
    const emoji = text[place] === ':' && !inBrackets ? EMOJI.exec(text)?.[0] : undefined;
    if (emoji !== undefined) {
      found.push(emoji, WORD_JOINER);
      place += emoji.length;
      continue;
    }
    const character = piece ?? String.fromCodePoint(text.codePointAt(place) ?? 0);
    found.push(piece ?? escapeCharacter(character));
    place += character.length;
  }
  return found;
}

function cut(escaped: readonly string[], limit: number): string {
  const whole = escaped.reduce((sum, piece) => sum + piece.length, 0);
  if (whole <= limit) return escaped.join('');
  let out = '';
  for (const piece of escaped) {
    if (out.length + piece.length > limit - 1) break;
    out += piece;
  }
  return limit < 1 ? '' : `${out.trimEnd()}…`;
}

/** A name from outside, on one line, for mrkdwn. Never empty. */
export function name(text: string, limit = 80): string {
  return fit(
    oneLine(text).replace(/[*~`]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, (mark) => MARKS[mark] ?? mark),
    limit,
  );
}

/** A name from outside for `plain`, which escapes it: on one line, cut to `limit` characters. Never empty. */
export function bareName(text: string, limit = 80): string {
  const characters = Array.from(oneLine(text));
  return characters.length <= limit
    ? characters.join('')
    : `${characters
        .slice(0, limit - 1)
        .join('')
        .trimEnd()}…`;
}

/** An address, cut in its middle so that the port stays readable. */
export function address(text: string, limit: number): string {
  const line = oneLine(text);
  const characters = Array.from(line);
  if (characters.length <= limit) return fit(line, limit);
  const tail = Math.min(12, Math.floor(limit / 2));
  const head = characters.slice(0, Math.max(0, limit - tail - 1));
  return fit([...head, '…', ...characters.slice(-tail)].join(''), limit);
}

/** A mention that notifies; anything that is no user id is shown as a name. */
export function mention(user: string): string {
  return /^[UW][A-Z0-9]{1,20}$/.test(user) ? `<@${user}>` : name(user);
}

export function groupMention(group: string): string {
  return /^S[A-Z0-9]{1,20}$/.test(group) ? `<!subteam^${group}>` : name(group);
}

/** A moment in the reader's own time zone. `at`: ISO 8601 or wall-clock milliseconds. */
export function stamp(at: string | number): string {
  const ms = typeof at === 'number' ? at : Date.parse(at);
  if (!Number.isFinite(ms)) return '–';
  const iso = new Date(ms).toISOString();
  return `<!date^${Math.floor(ms / 1000)}^{date_short_pretty} {time_secs}|${iso}>`;
}

function oneLine(text: string): string {
  const line = text.replace(UNSEEN, ' ').replace(/\s+/g, ' ').trim();
  return line === '' ? '–' : line;
}

function escapeCharacter(character: string): string {
  if (UNWANTED.test(character)) return '';
  if (character === '&') return '&amp;';
  if (character === '<') return '&lt;';
  if (character === '>') return '&gt;';
  return character;
}
