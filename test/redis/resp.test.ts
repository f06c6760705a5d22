/** Answers of a server, in pieces and among the lines of a MONITOR's feed, whatever other people's commands hold. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answer, createAnswerReader, encodeCommand, isFeed } from '../../src/redis/resp.ts';

const text = (answer: Answer) => ('text' in answer ? answer.text : null);

function read(wire: string, cuts: readonly number[] = []): Answer[] {
  const reader = createAnswerReader();
  const bytes = Buffer.from(wire);
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return edges.slice(1).flatMap((edge, place) => reader.push(bytes.subarray(edges[place], edge)));
}

describe('answers', () => {
  it('of every kind', () => {
    const wire = '+OK\r\n-ERR no\r\n:-7\r\n$3\r\na\r\n\r\n$-1\r\n*2\r\n$1\r\nx\r\n*-1\r\n';
    expect(read(wire)).toEqual([
      { kind: 'line', text: 'OK' },
      { kind: 'error', text: 'ERR no' },
      { kind: 'number', value: -7 },
      { kind: 'text', text: 'a\r\n' },
      { kind: 'text', text: null },
      {
        kind: 'list',
        items: [
          { kind: 'text', text: 'x' },
          { kind: 'list', items: [] },
        ],
      },
    ]);
  });

  it('are the same however they are cut', () => {
    const wire = '+OK\r\n$8\r\nä $3\r\nx\r\n*2\r\n:1\r\n$2\r\n\r\n\r\n-ERR\r\n';
    fc.assert(
      fc.property(fc.array(fc.nat(100), { maxLength: 8 }), (cuts) => {
        expect(read(wire, cuts)).toEqual(read(wire));
      }),
    );
  });

  it.each(['HTTP/1.1 400\r\n', ':seven\r\n', '$x\r\n', '*x\r\n'])('refuses %j', (wire) => {
    expect(() => read(wire)).toThrow(/unknown RESP type/);
  });
});

describe('the feed of a MONITOR', () => {
  const feed = (words: string) => `+1339518083.107412 [0 127.0.0.1:60866] ${words}\r\n`;

  it.each([
    ['an ordinary command', '"set" "a" "1"'],
    ['an answer in a value', '"set" "a" "+OK\\r\\n:1\\r\\n"'],
    ['INFO in a value', '"set" "a" "# Replication\\r\\nrole:master\\r\\nmaster_repl_offset:99999"'],
    ['nothing at all', ''],
    ['words of any language', '"set" "ä" "\\xff\\xfe"'],
  ])('%s is passed over', (_, words) => {
    const answers = read(`${feed(words)}+OK\r\n${feed(words)}$4\r\nrole\r\n`);
    expect(answers.filter((one) => !isFeed(one)).map(text)).toEqual(['OK', 'role']);
  });

  it('of scripts and of sockets', () => {
    for (const line of ['1.2 [0 lua] "get" "x"', '1.2 [15 unix:/tmp/r.sock] "get" "x"', '1.2 [0 [::1]:6379] "get"'])
      expect(isFeed({ kind: 'line', text: line })).toBe(true);
  });

  it('is a status line: text that looks like one is an answer', () => {
    const [answer] = read('$27\r\n1.2 [0 127.0.0.1:1] "get" "x"\r\n'.replace('$27', '$28'));
    expect(answer && isFeed(answer)).toBe(false);
    expect(isFeed({ kind: 'line', text: 'OK' })).toBe(false);
    expect(isFeed({ kind: 'error', text: '1.2 [0 x] "get"' })).toBe(false);
  });
});

it('commands carry any bytes', () => {
  expect(encodeCommand(['SET', 'ä', '\r\n'])).toBe('*3\r\n$3\r\nSET\r\n$2\r\nä\r\n$2\r\n\r\n\r\n');
});
