import { describe, expect, test } from 'vitest';
import { readOptions } from '../../../src/sandbox/demo/options.ts';

function wrong(...args: string[]): string {
  const read = readOptions(args);
  if (read.kind !== 'wrong') throw new Error(`${args.join(' ')} was understood.`);
  return read.sentence;
}

test('what the README promises can be said', () => {
  const args = '--shards 12 --keys 50000 --cutover fenced --traffic 2000 --auto'.split(' ');
  expect(readOptions(args)).toEqual({
    kind: 'options',
    options: { shards: 12, keys: 50_000, cutover: 'fenced', traffic: 2_000, auto: true },
  });
  expect(readOptions(['--help'])).toMatchObject({ kind: 'help', text: expect.stringContaining('--shards') });
});

describe('what is wrong is told in one sentence that names it', () => {
  test.each([
    [['--shards', '0'], '--shards has to be a number from 1 to 50, not “0”.'],
    [['--keys', '1e4'], '--keys has to be a number from 0 to 1,000,000, not “1e4”.'],
    [['--traffic', ''], '--traffic has to be a number from 1 to 20,000, not “”.'],
    [['--cutover', 'quick'], '--cutover has to be fenced or overlap, not “quick”.'],
    [['--shard', '3'], /^There is no option --shard\. There are: --shards, /],
    [['-x'], /^There is no option -x\. There are: --shards, /],
    [['twelve'], /^“twelve” belongs to no option\. There are: --shards, /],
    [['--shards'], '--shards needs a value behind it.'],
    [['--shards', '--auto'], '--shards needs a value behind it.'],
    [['--auto=yes'], '--auto takes no value.'],
  ])('%j', (args, sentence) => {
    if (typeof sentence === 'string') expect(wrong(...args)).toBe(sentence);
    else expect(wrong(...args)).toMatch(sentence);
  });
});
