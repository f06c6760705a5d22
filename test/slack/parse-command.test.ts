import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Command, parseCommand } from '../../src/slack/parse-command.ts';

function problems(text: string): string {
  const command = parseCommand(text);
  return command.kind === 'refused' ? command.problems.join(' ') : `(${command.kind})`;
}

function request(text: string) {
  const command = parseCommand(text);
  if (command.kind !== 'start' && command.kind !== 'check') throw new Error(`not a start: ${JSON.stringify(command)}`);
  return command.request;
}

describe('what a person may type', () => {
  it.each<[string, Command]>([
    ['', { kind: 'form' }],
    ['   ', { kind: 'form' }],
    ['list', { kind: 'list' }],
    ['LIST', { kind: 'list' }],
    ['history', { kind: 'history', words: '' }],
    ['history orders  <@U0000000ANA|ana> “old-1”', { kind: 'history', words: 'orders U0000000ANA old-1' }],
    ['sup', { kind: 'sup', migration: null }],
    ['sup 7k3q', { kind: 'sup', migration: 'm-7k3q' }],
    ['status', { kind: 'status', migration: null }],
    ['status M-7K3Q', { kind: 'status', migration: 'm-7k3q' }],
    ['status 7k3q', { kind: 'status', migration: 'm-7k3q' }],
    ['abort m-7k3q', { kind: 'abort', migration: 'm-7k3q' }],
    ['approve m-7k3q Switch', { kind: 'approve', migration: 'm-7k3q', gate: 'switch' }],
    ['help', { kind: 'help', topic: null }],
    ['help gates', { kind: 'help', topic: 'gates' }],
    ['--help', { kind: 'help', topic: null }],
    ['abort m-7k3q --help', { kind: 'help', topic: 'abort' }],
  ])('%j', (text, expected) => {
    expect(parseCommand(text)).toEqual(expected);
  });

  it('the nearest word, option, gate or running id of a typo, and what words of other tools are called here', () => {
    expect(problems('aprove m-7k3q switch')).toContain('Did you mean `/redis-migrate approve`?');
    expect(problems('undo m-7k3q')).toContain('Did you mean `/redis-migrate rollback`?');
    expect(problems('cancel')).toContain('`/redis-migrate help abort` says how it is used.');
    expect(problems('start a b --raeson x')).toContain('Did you mean `--reason`?');
    expect(problems('approve m-7k3q swich')).toContain('Did you mean `switch`?');
    const wrongId = (typed: string) => {
      const command = parseCommand(`abort ${typed}`, () => ['m-0000', 'm-7k3q']);
      return command.kind === 'refused' ? command.problems.join(' ') : command.kind;
    };
    expect(wrongId('m-7k3')).toContain('Did you mean `m-7k3q`?');
    expect(wrongId('m7k3q')).toContain('Did you mean `m-7k3q`?');
    expect(wrongId('m-7k3o')).toContain('Did you mean `m-7k3q`?');
    expect(wrongId('m-zzzzz')).not.toContain('Did you mean');
    expect(wrongId('m-9999')).toBe('abort');
  });

  it('two groups of the inventory', () => {
    expect(request('start orders-old orders-new --yes-wipe')).toEqual({
      sources: ['orders-old'],
      destinations: ['orders-new'],
      yesWipe: true,
    });
  });

  it('several servers a side, with or without commas, options anywhere', () => {
    const expected = {
      sources: ['a:1', 'b:2'],
      destinations: ['c:3', 'd:4'],
      yesWipe: false,
      name: 'the move',
      cutover: 'fenced',
    };
    expect(request('start --src a:1 b:2 --dst c:3 d:4 --name "the move" --cutover fenced')).toEqual(expected);
    expect(request("start --name='the move' --src a:1, b:2 --cutover=fenced --dst c:3,d:4")).toEqual(expected);
    expect(request('start --src=a:1,b:2 --dst=c:3 d:4 --cutover FENCED --name “the move”')).toEqual(expected);
  });

  it('overlap is understood, whatever the engine says to it', () => {
    expect(request('check --src a --dst b --cutover overlap').cutover).toBe('overlap');
  });

  it('a schedule, with or without quotes', () => {
    const schedule = (text: string) => request(`start ${text}`).schedule;
    const window = { window: '0 2 * * 6', zone: 'Europe/Berlin' };
    expect(schedule('old new')).toBeUndefined();
    expect(schedule('old new --at 02:00')).toEqual({ at: '02:00' });
    expect(schedule('--at 2026-12-05 02:00 --zone Europe/Berlin old new')).toEqual({
      at: '2026-12-05 02:00',
      zone: 'Europe/Berlin',
    });
    expect(schedule('--at=2026-12-05T02:00+01:00 old new')).toEqual({ at: '2026-12-05T02:00+01:00' });
    expect(schedule('old new --window “0 2 * * 6” —zone Europe/Berlin')).toEqual(window);
    expect(schedule('--window 0 2 * * 6 old new --zone Europe/Berlin')).toEqual(window);
    expect(schedule('old new --zone=Europe/Berlin --window="0 2 * * 6" --window-minutes 90 --auto-switch')).toEqual({
      ...window,
      windowMinutes: '90',
      autoSwitch: true,
    });
    expect(schedule('--window */5 1-3,22 1 jan-mar mon-fri old new')).toEqual({
      window: '*/5 1-3,22 1 jan-mar mon-fri',
    });
    expect(problems('start old new --at')).toContain('`--at` needs a time');
    expect(problems('start old new --window --zone UTC')).toContain('`--window` needs a cron expression in quotes');
    expect(problems('start old new --zone ""')).toContain('`--zone` needs the name of a time zone');
    expect(problems('start old new --at 02:00 --at 03:00')).toContain('`--at` is there twice.');
    expect(problems('start old new --auto-switch=yes')).toContain('`--auto-switch` takes no value.');
    expect(problems('start old new --windw "0 2 * * 6"')).toContain('Did you mean `--window`?');
  });

  it('a canary by its number as people count, and for how many minutes the others wait', () => {
    const canary = (text: string) => request(`start --src a b --dst c d ${text}`).canary;
    expect(canary('')).toBeUndefined();
    expect(canary('--canary 2')).toEqual({ shard: 1, soakMs: 600_000 });
    expect(canary('--soak 0.1 --canary=1')).toEqual({ shard: 0, soakMs: 6_000 });
    expect(canary('—canary 1 —soak 0')).toEqual({ shard: 0, soakMs: 0 });
    expect(canary('--canary 12 --soak 1440')).toEqual({ shard: 11, soakMs: 86_400_000 });
    expect(request('start --canary 1 old new')).toMatchObject({ sources: ['old'], canary: { shard: 0 } });
  });

  it('a reason or the link of a ticket', () => {
    const reason = (text: string) => request(`start a b ${text}`).reason;
    expect(reason('')).toBeUndefined();
    expect(reason('--reason "new racks"')).toBe('new racks');
    expect(reason('—reason <https://tickets.example/OPS-12?a=b>')).toBe('https://tickets.example/OPS-12?a=b');
    expect(problems('start a b --reason')).toContain('`--reason` needs a few words in quotes');
    expect(problems('start a b --reason x --reason y')).toContain('`--reason` is there twice');
  });

  it('what phones, keyboards and Slack made of it', () => {
    const expected = {
      sources: ['redis://old.example.com:6379'],
      destinations: ['new.example.com:6379'],
      yesWipe: true,
      name: 'R&D’s move',
    };
    expect(
      request(
        'start —src <redis://old.example.com:6379> –dst <http://new.example.com:6379|new.example.com:6379> \u00a0 —yes-wipe —name “R&amp;D’s move”',
      ),
    ).toEqual({ ...expected, name: "R&D's move" });
    expect(request('start ‑‑src <redis://mig@old:6379|redis://mig@old:6379> --dst\u200b b').sources).toEqual([
      'redis://mig@old:6379',
    ]);
    expect(
      request('start --src redis://mig@<http://old.example.com:6379|old.example.com:6379> --dst b').sources,
    ).toEqual(['redis://mig@old.example.com:6379']);
    expect(
      request('start --src redis://<mailto:mig@old.example.com|mig@old.example.com>:6379 --dst b').sources,
    ).toEqual(['redis://mig@old.example.com:6379']);
  });
});

describe('what is refused says what to do', () => {
  it.each([
    ['strat --src a --dst b', 'Did you mean `/redis-migrate start`?'],
    ['start --scr a --dst b', 'Did you mean `--src`?'],
    ['start --src a --dst b --cutover fence', 'Did you mean `fenced`?'],
    ['start', '/redis-migrate start --src'],
    ['check', '/redis-migrate check --src'],
    ['start --src a', 'new servers are missing'],
    ['start --dst a', 'old servers are missing'],
    ['start one two three', 'exactly two names'],
    ['start one --src a --dst b', '"one" belongs'],
    ['start --src a --dst b --name', '`--name` needs a text'],
    ['start --src a --dst b --name x --name y', 'there twice'],
    ['start --src a --dst b --yes-wipe=no', 'takes no value'],
    ['start --src a --dst b --canari 1', 'Did you mean `--canary`?'],
    ['start --src a --dst b --canary', '`--canary` needs the number'],
    ['start --src a --dst b --canary 0', 'counted from 1'],
    ['start --src a --dst b --canary new-1:6379', '`--canary` needs the number'],
    ['start --src a --dst b --canary 1 --canary 2', '`--canary` is there twice'],
    ['start --src a --dst b --soak 5', '`--soak` goes with `--canary`'],
    ['start --src a --dst b --canary 1 --soak', '`--soak` needs minutes'],
    ['start --src a --dst b --canary 1 --soak 0.05', 'no less than 0.1'],
    ['start --src a --dst b --canary 1 --soak 1440.5', '0 to 1440'],
    ['start --src a --dst b --canary 1 --soak=-5', '`--soak` needs minutes'],
    ['start --src a --dst b --canary 1 --soak 0,5', 'with a point'],
    ['start --src a --dst b --name "x', 'opened and not closed'],
    ['status nonsense', 'looks like `m-7k3q`'],
    ['abort', 'Say which migration'],
    ['approve m-7k3q swich', 'Did you mean `switch`?'],
    ['approve m-7k3q', 'which gate'],
    ['verify m-7k3q', 'comes in a later version'],
    ['list all', 'takes nothing behind it'],
  ])('%j', (text, expected) => {
    expect(problems(text)).toContain(expected);
  });

  it('all problems at once', () => {
    const command = parseCommand('start --src a --dst b --cutover x --nam y');
    expect(command).toMatchObject({ kind: 'refused', problems: { length: 2 } });
  });
});

describe('a password is never repeated', () => {
  const secret = 'Xq9zLw4rT7';
  it.each([
    `start redis://u:${secret}@a:1 x y`,
    `start --src redis://:${secret} @a:1 --dst b`,
    `start --src redis://u:${secret} --dst b`,
    `start --src redis://u:12 ${secret}@h --dst b c`,
    `start --src redis://u:${secret},x@a:1 b --dst c d e --cutover ${secret}`,
    `start --src a --dst b --pass ${secret}`,
    `start --src a --dst b --${secret}@x=y`,
    `start --src a --dst b --pass=${secret}`,
    `start --src a --dst b --canary ${secret} --soak ${secret}`,
    `status redis://u:${secret}@a`,
    `abort ${secret}`,
    `approve m-7k3q ${secret}`,
    `redis://u:${secret}@a:1`,
    `start redis://u:${secret}@a:1`,
  ])('%s', (text) => {
    const command = parseCommand(text);
    if (command.kind === 'refused') expect(command.problems.join(' ')).not.toContain(secret);
    else expect(command.kind).toBe('start');
  });

  it('an address that was cut in two is refused without a word about its halves, one that looks like an option neither', () => {
    expect(problems('start --src redis://u:abc -def ghi@h:1 --dst b')).toMatch(/^One address [^]*PATH`\.$/);
  });

  it('an address that a space cut in two is refused as a whole', () => {
    for (const cut of ['redis://u:12 34@a:1', 'redis://:ab cd@a:1', 'redis://u:ab']) {
      expect(problems(`start --src ${cut} --dst b c`)).toMatch(/^One address seems to be cut in two/);
    }
  });

  it('a comma inside a password does not make a server of its second half', () => {
    expect(request('start --src redis://u:pa,ss@a:1,redis://b:2 --dst c d').sources).toEqual([
      'redis://u:pa,ss@a:1',
      'redis://b:2',
    ]);
  });
});

it('names the word that it does not know, where that cannot be half a password', () => {
  expect(problems('approve m-7k3q swich')).toMatch(/no gate `swich`\. Did you mean `switch`\?/);
  expect(problems('abort m-7')).toMatch(/^`m-7` is not the id of a migration/);
  expect(problems('start --src a --dst b --cutover fence')).toMatch(/not `fence`\. Did you mean `fenced`\?/);
  expect(problems('z'.repeat(10_000))).not.toMatch(/Did you mean|zz/);
});

it('never throws, and always gives a request or a sentence', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string().map((text) => `start ${text}`),
      ),
      (text) => {
        const command = parseCommand(text);
        if (command.kind === 'refused') {
          expect(command.problems.length).toBeGreaterThan(0);
          for (const problem of command.problems) expect(problem.length).toBeGreaterThan(10);
        }
      },
    ),
    { numRuns: 500 },
  );
});

it('a chart and a list of shards are asked for behind status, with an id or for the one that runs', () => {
  expect(parseCommand('status m-7k3q --chart')).toEqual({ kind: 'chart', migration: 'm-7k3q' });
  expect(parseCommand('status —csv 7K3Q')).toEqual({ kind: 'csv', migration: 'm-7k3q' });
  expect(parseCommand('status --chart')).toEqual({ kind: 'chart', migration: null });
  expect(parseCommand('status --chart --csv')).toMatchObject({ kind: 'refused' });
  expect(parseCommand('status m-7k3q --chrat')).toMatchObject({
    kind: 'refused',
    problems: [expect.stringContaining('Did you mean `--chart`')],
  });
});
