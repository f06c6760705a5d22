/** RESP2 on the wire, both ways: what a client sends, what a server answers, and one parser that takes it in pieces. */

export type Reply = string | number | null | RespError | readonly Reply[];

/** An error reply. A value, not something thrown: the server answered. */
export class RespError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

type Incoming = Reply | RawInline;

/** For replies that are expected to be text or a number; an array gives its JSON. */
export function textOf(reply: Reply | undefined): string {
  if (reply === null || reply === undefined) return '';
  if (reply instanceof RespError) return reply.message;
  return typeof reply === 'object' ? JSON.stringify(reply) : String(reply);
}

/** Array.isArray forgets what a readonly array holds. */
export function isList(reply: Reply | undefined): reply is readonly Reply[] {
  return Array.isArray(reply);
}

/** A line that is no RESP: what the oldest servers send as commands, and what people type into telnet. */
export class RawInline {
  readonly words: readonly string[];

  constructor(line: string) {
    this.words = line.split(/\s+/).filter((word) => word !== '');
  }
}

export type Encoding = 'utf8' | 'latin1';

/** To be written with the same encoding. */
export function encodeCommand(args: readonly (string | number)[], encoding: Encoding = 'utf8'): string {
  let text = `*${args.length}\r\n`;
  for (const arg of args) {
    const value = String(arg);
    text += `$${Buffer.byteLength(value, encoding)}\r\n${value}\r\n`;
  }
  return text;
}

export interface RespParser {
  /** Takes the next bytes and returns every value that is now complete. Throws on what can't be RESP. */
  push(chunk: Buffer): Incoming[];
}

/** `latin1` keeps any bytes apart from each other; `utf8` is for text. */
export function createRespParser(encoding: Encoding = 'utf8'): RespParser {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const values: Incoming[] = [];
      let offset = 0;
      while (offset < rest.length) {
        const parsed = parseAt(rest, offset, encoding);
        if (parsed === undefined) break;
        values.push(parsed.value);
        offset = parsed.end;
      }
      rest = rest.subarray(offset);
      return values;
    },
  };
}

interface Parsed<T> {
  readonly value: T;
  readonly end: number;
}

function parseAt(buffer: Buffer, start: number, encoding: Encoding): Parsed<Incoming> | undefined {
  const lineEnd = buffer.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const end = lineEnd + 2;
  const line = () => buffer.toString(encoding, start + 1, lineEnd);
  switch (buffer[start] ?? 0) {
    case 0x2b: // +
      return { value: line(), end };
    case 0x2d: // -
      return { value: new RespError(line()), end };
    case 0x3a: // :
      return { value: Number(line()), end };
    case 0x24: // $
      return parseBulk(buffer, Number(line()), end, encoding);
    case 0x2a: // *
      return parseArray(buffer, Number(line()), end, encoding);
    default:
      return { value: new RawInline(buffer.toString(encoding, start, lineEnd)), end };
  }
}

function parseBulk(
  buffer: Buffer,
  length: number,
  start: number,
  encoding: 'utf8' | 'latin1',
): Parsed<Reply> | undefined {
  if (length < 0) return { value: null, end: start };
  if (Number.isNaN(length)) throw new Error('not RESP: the length of a bulk string is not a number');
  const end = start + length;
  if (buffer.length < end + 2) return undefined;
  return { value: buffer.toString(encoding, start, end), end: end + 2 };
}

function parseArray(
  buffer: Buffer,
  count: number,
  start: number,
  encoding: 'utf8' | 'latin1',
): Parsed<Reply> | undefined {
  if (count < 0) return { value: null, end: start };
  if (Number.isNaN(count)) throw new Error('not RESP: the length of an array is not a number');
  const items: Reply[] = [];
  let offset = start;
  for (let index = 0; index < count; index += 1) {
    const parsed = parseAt(buffer, offset, encoding);
    if (parsed === undefined) return undefined;
    if (parsed.value instanceof RawInline) throw new Error('not RESP: an array holds something without a type');
    items.push(parsed.value);
    offset = parsed.end;
  }
  return { value: items, end: offset };
}
