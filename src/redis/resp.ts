/**
 * What a server answers over a connection of our own (wire.ts), in RESP2 and taken in pieces. Pure. Unlike a client
 * library it tells a status line from text: a MONITOR's feed comes as status lines between the answers.
 */

/** `line`: a status such as OK, or a line of a MONITOR's feed. */
export type Answer =
  | { readonly kind: 'line' | 'error'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  /** Null: there is no such value. */
  | { readonly kind: 'text'; readonly text: string | null }
  | { readonly kind: 'list'; readonly items: readonly Answer[] };

/** Text of an answer; empty where there is none. */
export function answerText(answer: Answer | undefined): string {
  return answer !== undefined && 'text' in answer ? (answer.text ?? '') : '';
}

export interface AnswerReader {
  /** Takes the next bytes and returns every answer that is complete now. Throws on what is not RESP. */
  push(chunk: Buffer): Answer[];
}

/** One command as it goes to the server. */
export function encodeCommand(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

/** `1339518083.107412 [0 127.0.0.1:60866] "get" "x"`: no answer to anything looks like this. */
const FEED = /^\d+\.\d+ [[(]/;

/** Whether this is a line of a MONITOR's feed: somebody else's command, whatever stands in it. */
export function isFeed(answer: Answer): boolean {
  return answer.kind === 'line' && FEED.test(answer.text);
}

export function createAnswerReader(): AnswerReader {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const answers: Answer[] = [];
      let start = 0;
      for (;;) {
        const read = readAt(rest, start);
        if (read === null) break;
        answers.push(read.answer);
        start = read.end;
      }
      rest = rest.subarray(start);
      return answers;
    },
  };
}

interface Read {
  readonly answer: Answer;
  readonly end: number;
}

/** Null: it is not all there yet. */
function readAt(bytes: Buffer, start: number): Read | null {
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd < 0) return null;
  const type = String.fromCharCode(bytes[start] ?? 0);
  const text = bytes.toString('utf8', start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (type) {
    case '+':
      return { answer: { kind: 'line', text }, end };
    case '-':
      return { answer: { kind: 'error', text }, end };
    case ':':
      return { answer: { kind: 'number', value: lengthOf(text) }, end };
    case '$':
      return readText(bytes, lengthOf(text), end);
    case '*':
      return readList(bytes, lengthOf(text), end);
    default:
      throw new Error('unknown RESP type');
  }
}

function lengthOf(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new Error('unknown RESP type: a number was expected');
  return Number(text);
}

function readText(bytes: Buffer, length: number, start: number): Read | null {
  if (length < 0) return { answer: { kind: 'text', text: null }, end: start };
  const end = start + length;
  if (bytes.length < end + 2) return null;
  return { answer: { kind: 'text', text: bytes.toString('utf8', start, end) }, end: end + 2 };
}

function readList(bytes: Buffer, count: number, start: number): Read | null {
  const items: Answer[] = [];
  let end = start;
  for (let place = 0; place < count; place += 1) {
    const read = readAt(bytes, end);
    if (read === null) return null;
    items.push(read.answer);
    end = read.end;
  }
  return { answer: { kind: 'list', items }, end };
}
