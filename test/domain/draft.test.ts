import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AllowedHosts, parseAllowedHosts } from '../../src/domain/allowed-hosts.ts';
import { type DraftContext, type DraftProblem, draftPlan, type Groups } from '../../src/domain/draft.ts';
import type { Endpoint } from '../../src/domain/endpoint.ts';
import type { Plan, PlanRequest } from '../../src/domain/plan.ts';
import { createCalendar } from '../../src/schedule/calendar.ts';
import { ANA, endpoint, START } from './support/build.ts';

const FACTS = { id: 'm-7k3q', requestedBy: ANA, channel: 'C000000MIG', createdAt: START };

function hosts(text: string): AllowedHosts {
  const parsed = parseAllowedHosts(text);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.allowed;
}

function inventory(groups: Readonly<Record<string, readonly Endpoint[]>>): Groups {
  return {
    group: (name) => (Object.hasOwn(groups, name) ? (groups[name] ?? null) : null),
    names: () => Object.keys(groups),
    find: (host, port) =>
      Object.values(groups)
        .flat()
        .find((one) => one.host === host && one.port === port) ?? null,
  };
}

const CONTEXT: DraftContext = {
  groups: inventory({}),
  allowedHosts: hosts('*'),
  allowTypedPasswords: false,
  defaultCutover: 'fenced',
  seal: (password) => `box of ${password.length}`,
  taken: new Map(),
  calendar: createCalendar(),
};

function ask(
  sources: readonly string[],
  destinations: readonly string[],
  more: Partial<PlanRequest> = {},
): PlanRequest {
  return { sources, destinations, yesWipe: false, ...more };
}

function draft(request: PlanRequest, context: Partial<DraftContext> = {}): Plan {
  const drafted = draftPlan(request, FACTS, { ...CONTEXT, ...context });
  if (!drafted.ok) throw new Error(drafted.problems.map((one) => one.text).join('\n'));
  return drafted.plan;
}

function refusal(request: PlanRequest, context: Partial<DraftContext> = {}): readonly DraftProblem[] {
  const drafted = draftPlan(request, FACTS, { ...CONTEXT, ...context });
  return drafted.ok ? [] : drafted.problems;
}

function texts(request: PlanRequest, context: Partial<DraftContext> = {}): string {
  return refusal(request, context)
    .map((one) => one.text)
    .join('\n');
}

describe('a request that is accepted', () => {
  it('pairs the N-th source with the N-th destination', () => {
    const plan = draft(ask(['a', 'b:7000'], ['c', 'd']));
    expect(plan.shards).toEqual([
      { index: 0, source: endpoint('a'), destination: endpoint('c') },
      { index: 1, source: endpoint('b', 7000), destination: endpoint('d') },
    ]);
    expect(plan).toMatchObject({ ...FACTS, cutover: 'fenced', yesWipe: false });
  });

  it('takes the cut-over, the wipe and the name that were asked for', () => {
    const plan = draft(ask(['a'], ['b'], { name: '  Orders\n of   2026 ', cutover: 'overlap', yesWipe: true }));
    expect(plan).toMatchObject({ name: 'Orders of 2026', cutover: 'overlap', yesWipe: true });
    expect(draft(ask(['a'], ['b']), { defaultCutover: 'overlap' }).cutover).toBe('overlap');
  });

  it('takes the shard that goes first, and has none where none was asked for', () => {
    const canary = { shard: 1, soakMs: 60_000 };
    expect(draft(ask(['a', 'b'], ['c', 'd'], { canary })).canary).toEqual(canary);
    expect(draft(ask(['a', 'b'], ['c', 'd']))).not.toHaveProperty('canary');
    expect(draft(ask(['a'], ['b'], { reason: ' OPS-12:\n new  racks ' })).reason).toBe('OPS-12: new racks');
    expect(draft(ask(['a'], ['b'], { reason: ' \n' }))).not.toHaveProperty('reason');
    expect(draft(ask(['a'], ['b']))).not.toHaveProperty('reason');
  });

  it('puts all servers of a group in its place', () => {
    const groups = inventory({ 'orders-old': [endpoint('a'), endpoint('b')], 'orders-new': [endpoint('c')] });
    const plan = draft(ask(['orders-old'], ['orders-new', 'd']), { groups });
    expect(plan.shards.map((one) => [one.source.host, one.destination.host])).toEqual([
      ['a', 'c'],
      ['b', 'd'],
    ]);
    expect(plan.name).toBe('orders-old to orders-new');
  });

  it('is named after its first pair, shortly and without what stood before an @', () => {
    expect(draft(ask(['redis://old-1:7000/'], ['rediss://new-1'])).name).toBe('old-1:7000 to new-1');
    expect(draft(ask(['redis://ana@old-1'], ['new-1'])).name).toBe('old-1 to new-1');
    const long = draft(ask([`${'a'.repeat(60)}.b`], ['new-1'])).name;
    expect(long).toHaveLength(60);
    expect(long).toMatch(/^a+…$/);
  });
});

describe('credentials', () => {
  const known: Endpoint = {
    ...endpoint('a', 7000),
    tls: true,
    user: 'migrator',
    password: { kind: 'env', name: 'ORDERS_OLD' },
    tlsFiles: { ca: '/etc/ca.crt', servername: 'orders.test' },
    replicateFrom: { host: 'b', port: 7001, tls: false },
    renamed: { config: 'cfg-x1' },
  };
  /** How the server is reached, whoever logs in. */
  const { user: _user, password: _password, ...reached } = known;
  const groups = inventory({ orders: [known] });
  const source = (token: string, context: Partial<DraftContext> = {}) =>
    draft(ask([token], ['z']), { groups, ...context }).shards[0]?.source;

  it('come from the inventory for an address that is typed', () => {
    expect(source('a:7000')).toEqual(known);
    expect(source('redis://migrator@a:7000')).toEqual(known);
    expect(source('a:7001')).toEqual(endpoint('a', 7001));
  });

  it('of another user are not handed to the one that was typed', () => {
    expect(source('rediss://ana@a:7000')).toEqual({ ...reached, user: 'ana' });
  });

  it('never turn TLS off', () => {
    expect(source('redis://a:7000')).toEqual(known);
    expect(source('redis://ana@a:7000')).toEqual({ ...reached, user: 'ana' });
    const plain = inventory({ orders: [{ ...known, tls: false }] });
    expect(source('rediss://a:7000', { groups: plain })?.tls).toBe(true);
  });

  it('that are typed are sealed where that is allowed, and win over the inventory', () => {
    const password = { kind: 'sealed', box: 'box of 15' };
    const typed = { allowTypedPasswords: true };
    expect(source('redis://ana:hunter2-hunter2@a:7000', typed)).toEqual({ ...reached, user: 'ana', password });
    expect(source('redis://:hunter2-hunter2@a:7000', typed)).toEqual({ ...reached, password });
    expect(source('redis://:hunter2-hunter2@a:7001', typed)).toEqual({ ...endpoint('a', 7001), password });
  });
});

describe('a request that is refused', () => {
  it('for a reason that is longer than a sentence with a link', () => {
    expect(texts(ask(['a'], ['b'], { reason: 'x'.repeat(301) }))).toMatch(/at most 300 characters/);
  });

  it('for a canary that cannot be one', () => {
    const asking = (shard: number, shards: readonly string[], more: Partial<PlanRequest> = {}) =>
      texts(
        ask(
          shards.map((name) => `old-${name}`),
          shards.map((name) => `new-${name}`),
          { canary: { shard, soakMs: 0 }, ...more },
        ),
      );
    expect(asking(2, ['a', 'b'])).toBe('There is no shard 3 to go first: the migration has 2 shards, counted from 1.');
    expect(asking(0, ['a'])).toMatch(/nothing to be the canary for/);
    expect(asking(0, ['a', 'b'], { cutover: 'overlap' })).toMatch(/fenced cut-over only/);
    const byDefault = texts(ask(['a', 'b'], ['c', 'd'], { canary: { shard: 0, soakMs: 0 } }), {
      defaultCutover: 'overlap',
    });
    expect(byDefault).toMatch(/fenced cut-over only/);
  });

  const taken = new Map([['a:6379', 'm-aaaa']]);

  it('keeps a schedule, and leaves it out of a plan that has none', () => {
    const asked = ask(['a'], ['b'], { schedule: { at: '2023-11-15T02:00Z', window: '0 2 * * 6', autoSwitch: true } });
    expect(draft(asked).schedule).toEqual({
      zone: 'UTC',
      startAt: Date.parse('2023-11-15T02:00Z'),
      window: { cron: '0 2 * * 6', minutes: 60 },
      autoSwitch: true,
    });
    expect(draft(ask(['a'], ['b']))).not.toHaveProperty('schedule');
    expect(refusal(ask(['a'], ['b'], { schedule: { window: '0 2 31 2 *' } }))).toMatchObject([{ field: 'window' }]);
    expect(texts({ ...asked, cutover: 'overlap' })).toContain('An overlap does not switch by itself');
  });

  it.each<[string, PlanRequest, Partial<DraftContext>, DraftProblem['field'], RegExp]>([
    ['more sources than destinations', ask(['a', 'b'], ['c']), {}, 'destinations', /^2 sources and 1 destination: /],
    [
      'more destinations than sources',
      ask(['a'], ['b', 'c', 'd']),
      {},
      'destinations',
      /^1 source and 3 destinations: /,
    ],
    ['a server twice', ask(['a', 'A:6379'], ['c', 'd']), {}, 'sources', /^a:6379 is given twice\.$/],
    ['a destination twice', ask(['a', 'b'], ['c', 'c']), {}, 'destinations', /^c:6379 is given twice\.$/],
    [
      'a source that is a destination',
      ask(['a', 'b'], ['c', 'a']),
      {},
      'destinations',
      /^a:6379 is both a source and a dest/,
    ],
    ['nothing at all', ask([], []), {}, 'sources', /^No servers are given\. /],
    ['no source', ask([], ['b']), {}, 'sources', /^No source is given\. /],
    ['no destination', ask(['a'], []), {}, 'destinations', /^No destination is given\. /],
    [
      'a host outside ALLOWED_HOSTS',
      ask(['a.evil'], ['a.good']),
      { allowedHosts: hosts('*.good') },
      'sources',
      /^a\.evil:6379 is outside ALLOWED_HOSTS\. Ask /,
    ],
    [
      'an address outside every CIDR',
      ask(['10.0.0.1'], ['11.0.0.1']),
      { allowedHosts: hosts('10.0.0.0/8') },
      'destinations',
      /^11\.0\.0\.1:6379 is outside ALLOWED_HOSTS/,
    ],
    [
      'a server of an unfinished migration',
      ask(['a'], ['b']),
      { taken },
      'sources',
      /^a:6379 belongs to migration m-aaaa, which has not ended\. Finish or abort/,
    ],
    ['an address that is none', ask(['a:x:c'], ['d']), {}, 'sources', /^Source: a:…: more than one colon.*\.$/],
    ['another scheme', ask(['a'], ['http://b']), {}, 'destinations', /^Destination: http:\/\/b: only redis:\/\//],
    ['a name that is too long', ask(['a'], ['b'], { name: 'n'.repeat(61) }), {}, 'name', /at most 60 characters/],
    ['an empty name', ask(['a'], ['b'], { name: ' \n ' }), {}, 'name', /name is empty/],
    ['a name with control characters', ask(['a'], ['b'], { name: 'a\u0007b' }), {}, 'name', /control characters/],
  ])('%s', (_, request, context, field, text) => {
    const problems = refusal(request, context);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.field).toBe(field);
    expect(problems[0]?.text).toMatch(text);
  });

  it('a password that was typed: names the alternative and does not repeat it', () => {
    const request = ask(['redis://ana:hunter2-hunter2@a'], ['redis://:hunter2-hunter2@b']);
    expect(refusal(request).map((one) => one.field)).toEqual(['sources', 'destinations']);
    expect(texts(request)).toMatch(/^a:6379: a password must not be typed in Slack.*inventory.*env: or file:/);
    expect(texts(request)).not.toMatch(/hunter2|ana/);
  });

  it('the inventory is held to ALLOWED_HOSTS as well', () => {
    const groups = inventory({ orders: [endpoint('a.evil'), endpoint('b.good')] });
    expect(texts(ask(['orders'], ['c.good', 'd.good']), { groups, allowedHosts: hosts('*.good') })).toMatch(
      /^a\.evil:6379 is outside ALLOWED_HOSTS/,
    );
  });

  it('a host name that a CIDR may still allow is left to the name server', () => {
    expect(texts(ask(['a'], ['b']), { allowedHosts: hosts('10.0.0.0/8') })).toBe('');
  });

  it('a word that may have been meant as a group: says which groups there are', () => {
    const groups = inventory({ 'orders-old': [endpoint('a')], 'orders-new': [endpoint('b')] });
    const text = texts(ask(['order-old'], ['orders-new']), { groups, allowedHosts: hosts('a,b') });
    expect(text).toMatch(
      /^order-old:6379 is outside ALLOWED_HOSTS.*If a group was meant: there are orders-old and orders-new\.$/,
    );
    expect(texts(ask(['order-old'], ['b']), { allowedHosts: hosts('b') })).toContain('the inventory has none');
    expect(texts(ask(['order-old:1'], ['b']), { groups, allowedHosts: hosts('b') })).not.toContain('group was meant');
  });

  it('tells everything that is wrong at once', () => {
    const problems = texts(
      ask(['a', 'b', 'b', 'http://x', 'redis://:hunter2-hunter2@y'], ['a', 'c/0', 'z'], { name: 'n'.repeat(61) }),
      {
        taken,
        allowedHosts: hosts('a,b,c,y'),
      },
    );
    for (const expected of [
      'http://x: only redis',
      'y:6379: a password',
      'c/0: a database',
      'z:6379 is outside',
      'b:6379 is given twice',
      'a:6379 is both',
      'a:6379 belongs to migration m-aaaa',
      'at most 60',
    ]) {
      expect(problems).toContain(expected);
    }
    expect(texts(ask(['a', 'a'], ['b']))).toMatch(/2 sources and 1 destination[^]*a:6379 is given twice/);
  });

  it('more shards than one migration holds', () => {
    const many = (name: string) => Array.from({ length: 1_001 }, (_, index) => `${name}-${index}`);
    expect(texts(ask(many('a'), many('b')))).toMatch(/At most 1000 shards/);
    expect(draft(ask(many('a').slice(1), many('b').slice(1))).shards).toHaveLength(1_000);
  });
});

describe('whatever is asked for', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9!%/:?#]{3,12}$/).map((text) => `Zq7${text}`);
  const token = fc.oneof(
    fc.constantFrom(
      'a',
      'b',
      'c:7000',
      'orders',
      '',
      '[::1]:1',
      'http://a',
      'redis://a/0',
      'a:b:c',
      '__proto__',
      'toString',
    ),
    secret.map((password) => `redis://:${password}@a`),
    secret.map((password) => `redis://ana:${password}@`),
    secret.map((password) => `ana:${password}@a:99999`),
    fc.string().filter((text) => !text.includes('Zq7')),
  );
  const request = fc.record({
    sources: fc.array(token, { maxLength: 4 }),
    destinations: fc.array(token, { maxLength: 4 }),
    yesWipe: fc.boolean(),
  });

  it('gives a plan or sentences, and neither holds a password that was typed', () => {
    const groups = inventory({ orders: [endpoint('g-1'), endpoint('g-2')] });
    fc.assert(
      fc.property(
        request,
        fc.boolean(),
        fc.constantFrom('*', 'a,b', '10.0.0.0/8'),
        (asked, allowTypedPasswords, allowed) => {
          const context = { ...CONTEXT, groups, allowTypedPasswords, allowedHosts: hosts(allowed) };
          const drafted = draftPlan(asked, FACTS, context);
          expect(JSON.stringify(drafted)).not.toContain('Zq7');
          if (drafted.ok) {
            expect(drafted.plan.shards.length).toBeGreaterThan(0);
            expect(drafted.plan.name).not.toBe('');
            return;
          }
          expect(drafted.problems.length).toBeGreaterThan(0);
          for (const one of drafted.problems) expect(one.text).toMatch(/\S.*\.$/s);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
