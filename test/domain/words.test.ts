/** Every sentence that people read: of events, numbers and summaries. */
import fc from 'fast-check';
import { describe as about, expect, it } from 'vitest';
import { describe, shardOf } from '../../src/domain/describe.ts';
import type { Effect, Event } from '../../src/domain/event.ts';
import { HOOK_KINDS } from '../../src/domain/hook.ts';
import { PHASES } from '../../src/domain/phase.ts';
import { abortSummary, finishSummary } from '../../src/domain/summary.ts';
import { ACTION_IDS } from '../../src/domain/view.ts';
import { bytesText, capital, countText, listText, plural, saidText, secondsText } from '../../src/domain/words.ts';
import {
  ANA,
  aPlan,
  beforeOf,
  followingPair,
  NOT_LOOKED,
  report,
  START,
  sightOf,
  stateOf,
  switchedPair,
  toPlanned,
  toStreaming,
  toSwitched,
  unseen,
} from './support/build.ts';

const PLAN = aPlan(3);

about('numbers', () => {
  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KiB'],
    [1_536, '1.5 KiB'],
    [102_400, '100 KiB'],
    [1_048_576, '1.0 MiB'],
    [5e15, '4.4 PiB'],
    [5e18, '4441 PiB'],
  ])('%d bytes: %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it.each([
    [0, '0 s'],
    [59.4, '59 s'],
    [59.6, '1 min 0 s'],
    [60, '1 min 0 s'],
    [119.7, '2 min 0 s'],
    [3_599.7, '1 h 0 min'],
    [3_660, '1 h 1 min'],
    [90_000, '25 h 0 min'],
  ])('%d seconds: %s', (seconds, text) => {
    expect(secondsText(seconds)).toBe(text);
  });

  it('never sixty of anything', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (seconds) => {
        expect(secondsText(seconds)).not.toMatch(/\b60 (s|min)\b/);
      }),
    );
  });

  it('counts and lists', () => {
    expect([countText(1_234_567), plural(1, 'shard'), plural(0, 'shard'), plural(1_000, 'key')]).toEqual([
      '1,234,567',
      '1 shard',
      '0 shards',
      '1,000 keys',
    ]);
    expect([listText([]), listText(['a']), listText(['a', 'b']), listText(['a', 'b', 'c'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
    expect(listText(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
    expect([capital('shard 1'), capital('')]).toEqual(['Shard 1', '']);
  });
});

const sentence = fc.constantFrom('The server answered.', 'old-1:6379 hangs.', 'It is done.');
const shard = fc.nat({ max: 2 });
const side = fc.constantFrom('source' as const, 'destination' as const);
const setting = fc.record({ shard, side, name: fc.constantFrom('masterauth', 'repl-ping-slave-period') });
const effect: fc.Arbitrary<Effect> = fc.oneof(
  fc.record({
    kind: fc.constant('replicate' as const),
    shard,
    before: fc.constantFrom(beforeOf(0), beforeOf(0, { sourceRunId: null, destinationReplid: null })),
  }),
  fc.record({ kind: fc.constant('fence' as const), shard, up: fc.boolean() }),
  fc.record({ kind: fc.constant('detach' as const), shard }),
  fc.record({ kind: fc.constant('shutdown' as const), shard }),
  setting.map(
    (one): Effect => ({
      kind: 'set_config',
      ...one,
      old: { kind: 'sealed', box: 'box-of-a-secret' },
      value: null,
      why: 'to log in',
    }),
  ),
  fc.record({ kind: fc.constant('park' as const), shard, why: sentence }),
  setting.map((one): Effect => ({ kind: 'restore_config', ...one, ledger: 3 })),
);
const click = fc.nat();
const gate = fc.constantFrom('continue' as const, 'switch' as const, 'finish' as const);

const typed = fc.constantFrom('The rest is a cron job.', '<!channel> now', 'a\nb');
const what = fc.constantFrom('role' as const, 'master' as const, 'read_only' as const, 'setting' as const);
const tune = fc.array(
  fc.record({ side, name: fc.constant('repl-timeout'), value: fc.constant('120'), why: fc.constant('it is slow') }),
  { maxLength: 2 },
);
const cause = fc.constantFrom('output_buffer' as const, 'cannot_load' as const);

/** One arbitrary for each kind; the type makes sure that none is forgotten. */
const EVENTS: { readonly [Kind in Event['kind']]: fc.Arbitrary<Extract<Event, { kind: Kind }>> } = {
  sync_alarm: fc.record({ kind: fc.constant('sync_alarm'), shard, cause, text: sentence, tune }),
  sync_alarm_over: fc.record({ kind: fc.constant('sync_alarm_over'), shard, fullSyncs: fc.nat(), text: sentence }),
  tune_asked: fc.record({ kind: fc.constant('tune_asked'), user: fc.constant(ANA), click }),
  rollback_asked: fc.record({ kind: fc.constant('rollback_asked'), user: fc.constant(ANA), click }),
  overlap_opened: fc.record({
    kind: fc.constant('overlap_opened'),
    shards: fc.constant([
      { shard: 0, sourceRunId: 'a', destinationRunId: null, sourceFullSyncs: 1, refusedCommands: 0 },
    ]),
  }),
  conflict: fc.record({ kind: fc.constant('conflict'), shard, refusedCommands: fc.nat(), text: sentence }),
  way_back: fc.record({ kind: fc.constant('way_back'), shard, open: fc.boolean(), text: sentence }),
  soak: fc.record({ kind: fc.constant('soak'), shard, over: fc.boolean(), text: fc.constant('has soaked.') }),
  hook_due: fc.record({
    kind: fc.constant('hook_due'),
    hook: fc.constantFrom(...HOOK_KINDS),
    id: fc.constant('m-7k3q:12:switched'),
    shards: fc.constant([0]),
    text: sentence,
    reason: fc.option(sentence),
  }),
  hook_sent: fc.record({
    kind: fc.constant('hook_sent'),
    hook: fc.constantFrom(...HOOK_KINDS),
    id: fc.constant('m-7k3q:12:switched'),
    outcome: fc.constantFrom('ok' as const, 'refused' as const, 'unreachable' as const),
    detail: sentence,
  }),
  stuck: fc.record({ kind: fc.constant('stuck'), shard, text: sentence }),
  serve_old_asked: fc.record({
    kind: fc.constant('serve_old_asked'),
    user: fc.constant(ANA),
    click,
    shards: fc.array(shard, { minLength: 1, maxLength: 3 }),
  }),
  trial_over: fc.record({ kind: fc.constant('trial_over'), shard, text: sentence }),
  tuned: fc.record({ kind: fc.constant('tuned'), shard, fullSyncs: fc.nat(), text: sentence }),
  held: fc.record({ kind: fc.constant('held'), shard, side, what, ledger: fc.constantFrom(null, 3), text: sentence }),
  resume_asked: fc.record({ kind: fc.constant('resume_asked'), user: fc.constant(ANA), click }),
  released: fc.record({
    kind: fc.constant('released'),
    shard,
    side,
    what,
    ledger: fc.constantFrom(null, 3),
    by: fc.constantFrom(null, ANA),
    text: sentence,
  }),
  requested: fc.record({
    kind: fc.constant('requested'),
    plan: fc.constant(PLAN),
    messageTs: fc.option(fc.constant('1.2')),
  }),
  message_posted: fc.record({ kind: fc.constant('message_posted'), ts: fc.constant('1.2'), why: sentence }),
  preflight_done: fc.record({
    kind: fc.constant('preflight_done'),
    report: fc.constantFrom(report(PLAN), { ...report(PLAN), totals: { servers: 3, keys: null, bytes: null } }),
  }),
  clicked: fc.record({
    kind: fc.constant('clicked'),
    action: fc.constantFrom(...ACTION_IDS),
    user: fc.constant(ANA),
    entry: fc.option(fc.nat()),
    typedName: fc.option(fc.constant('typed-name')),
  }),
  click_refused: fc.record({ kind: fc.constant('click_refused'), click, user: fc.constant(ANA), reason: sentence }),
  approved: fc.record({
    kind: fc.constant('approved'),
    gate,
    user: fc.constant(ANA),
    click,
    entry: fc.nat(),
    findings: fc.constant(''),
    wipe: fc.boolean(),
    count: fc.constant({ given: 1, needed: 2 }),
  }),
  approval_revoked: fc.record({
    kind: fc.constant('approval_revoked'),
    gate,
    user: fc.constant(ANA),
    click,
    approval: fc.nat(),
  }),
  approvals_void: fc.record({
    kind: fc.constant('approvals_void'),
    gate,
    approvals: fc.constantFrom([3], [3, 4]),
    users: fc.constantFrom([ANA], [ANA, 'W00000BEN']),
    reason: sentence,
  }),
  reminded: fc.record({
    kind: fc.constant('reminded'),
    gate,
    where: fc.constantFrom('thread' as const, 'channel' as const),
    missing: fc.integer({ min: 1, max: 9 }),
    waitedMs: fc.nat(),
  }),
  approval_needed: fc.record({ kind: fc.constant('approval_needed'), gate, missing: fc.integer({ min: 1, max: 3 }) }),
  gate_denied: fc.record({
    kind: fc.constant('gate_denied'),
    gate,
    user: fc.constantFrom(ANA, 'W00000BEN'),
    click,
    entry: fc.nat(),
    reason: typed,
    approvals: fc.nat({ max: 2 }),
  }),
  denial_revoked: fc.record({ kind: fc.constant('denial_revoked'), gate, user: fc.constant(ANA), click }),
  asked_again: fc.record({
    kind: fc.constant('asked_again'),
    gate,
    user: fc.constant(ANA),
    click,
    denier: fc.constant('W00000BEN'),
  }),
  glass_broken: fc.record({
    kind: fc.constant('glass_broken'),
    gate,
    user: fc.constant(ANA),
    click,
    entry: fc.nat(),
    reason: typed,
    wipe: fc.boolean(),
    given: fc.nat({ max: 1 }),
    needed: fc.constant(2),
  }),
  recheck_asked: fc.record({ kind: fc.constant('recheck_asked'), user: fc.constant(ANA), click }),
  abort_asked: fc.record({ kind: fc.constant('abort_asked'), user: fc.constant(ANA), click, giveUp: fc.boolean() }),
  override_asked: fc.record({
    kind: fc.constant('override_asked'),
    user: fc.constant(ANA),
    click,
    entry: fc.nat(),
    reason: typed,
  }),
  phase_entered: fc.record({ kind: fc.constant('phase_entered'), phase: fc.constantFrom(...PHASES), reason: sentence }),
  intent: fc.record({ kind: fc.constant('intent'), effect }),
  answered: fc.record({
    kind: fc.constant('answered'),
    intent: fc.nat(),
    outcome: fc.constantFrom('ok', 'refused', 'unknown'),
    detail: sentence,
  }),
  seen: fc.record({ kind: fc.constant('seen'), intent: fc.nat(), detail: sentence }),
  given_up: fc.record({
    kind: fc.constant('given_up'),
    what: fc.constantFrom('detach', 'setting'),
    ledger: fc.option(fc.nat()),
    shard,
    detail: sentence,
  }),
  progress: fc.record({ kind: fc.constant('progress'), percent: fc.constantFrom(25, 50, 75, 100) }),
  shard_in_step: fc.record({ kind: fc.constant('shard_in_step'), shard, seconds: fc.nat(), keys: fc.nat() }),
  trouble: fc.record({ kind: fc.constant('trouble'), shard, text: sentence }),
  trouble_over: fc.record({ kind: fc.constant('trouble_over'), shard, text: sentence }),
  drift: fc.record({
    kind: fc.constant('drift'),
    shard,
    side,
    runId: fc.option(fc.constant('run')),
    text: sentence,
  }),
  cutover_started: fc.record({ kind: fc.constant('cutover_started'), attempt: fc.integer({ min: 1, max: 9 }) }),
  cutover_step: fc.record({
    kind: fc.constant('cutover_step'),
    step: fc.constantFrom('pause', 'fence', 'promote', 'unpause'),
    frozen: fc.constant([]),
    reason: fc.constantFrom('', 'Once more.'),
  }),
  promoted: fc.record({ kind: fc.constant('promoted'), shard, pauseMs: fc.option(fc.nat()), detail: sentence }),
  axe_asked: fc.record({ kind: fc.constant('axe_asked'), user: fc.constant(ANA), click }),
  axed: fc.record({ kind: fc.constant('axed'), shard, gone: fc.boolean(), text: sentence }),
  cutover_let_go: fc.record({ kind: fc.constant('cutover_let_go'), reason: sentence }),
  schedule_cancelled: fc.record({
    kind: fc.constant('schedule_cancelled'),
    user: fc.constant(ANA),
    click,
    approvals: fc.boolean(),
  }),
  start_late: fc.record({ kind: fc.constant('start_late'), text: sentence }),
  window: fc.record({
    kind: fc.constant('window'),
    what: fc.constantFrom('opened' as const, 'closed' as const, 'missed' as const),
    opensAt: fc.nat(),
    closesAt: fc.nat(),
    expected: fc.boolean(),
    text: sentence,
  }),
  quiet: fc.record({ kind: fc.constant('quiet'), seconds: fc.nat() }),
  slack_away: fc.record({ kind: fc.constant('slack_away'), from: fc.nat(), to: fc.nat() }),
  resumed: fc.record({ kind: fc.constant('resumed'), detail: sentence }),
  summary: fc.record({ kind: fc.constant('summary'), lines: fc.array(sentence, { minLength: 1 }) }),
};

about('events', () => {
  it.each(Object.keys(EVENTS) as Event['kind'][])('%s is told as a sentence', (kind) => {
    const event: fc.Arbitrary<Event> = EVENTS[kind];
    fc.assert(
      fc.property(event, fc.constantFrom(PLAN, aPlan(1)), (one, plan) => {
        const text = describe(one, plan);
        expect(text).toMatch(/^(<@|\w).*\.$/s);
        expect(text).not.toMatch(/undefined|NaN|\bnull\b|\[object|box-of-a-secret|typed-name/);
        const concerned = shardOf(one);
        expect(concerned === null || (concerned >= 0 && concerned <= 2)).toBe(true);
      }),
    );
  });

  it('name the servers and what is done to them', () => {
    const told = (one: Effect) => describe({ kind: 'intent', effect: one }, PLAN);
    expect(told({ kind: 'replicate', shard: 1, before: beforeOf(1) })).toBe(
      'About to make new-2:6379 a replica of old-2:6379.',
    );
    expect(told({ kind: 'fence', shard: 1, up: true })).toBe('About to put the fence up again at old-2:6379.');
    expect(told({ kind: 'fence', shard: 1, up: false })).toBe(
      'About to take the fence at old-2:6379 down, which came too late.',
    );
    const users = [{ name: 'default', words: ['+@all'] }];
    expect(told({ kind: 'acl_lock', shard: 1, side: 'source', users })).toBe(
      'About to take the right to write from 1 user of old-2:6379 for a moment.',
    );
    expect(told({ kind: 'resync', shard: 1, side: 'destination' })).toBe(
      'About to make the copy on new-2:6379 anew, so that nothing is missing in it.',
    );
    expect(told({ kind: 'detach', shard: 1 })).toBe('About to make new-2:6379 a master of its own.');
    expect(told({ kind: 'restore_config', shard: 0, side: 'source', name: 'x', ledger: 1 })).toBe(
      'About to put x back on old-1:6379.',
    );
    expect(describe({ kind: 'cutover_step', step: 'fence', frozen: [], reason: '' }, PLAN)).toMatch(
      /fences the servers that they leave, behind 127\.\d+\.\d+\.\d+:1\.$/,
    );
    expect(describe({ kind: 'cutover_step', step: 'promote', frozen: [], reason: '' }, PLAN)).toContain(
      'From here there is only forward.',
    );
  });

  it('call nobody whom a name or a reason names', () => {
    const plan = aPlan(1, { name: 'for <@U00000EVE>', reason: '<@U00000EVE> <!subteam^S1> said so' });
    const asked = describe({ kind: 'requested', plan, messageTs: null }, plan);
    expect(asked.match(/<[^>]*>/g)).toEqual([`<@${plan.requestedBy}>`]);
    const reminded: Event = { kind: 'reminded', gate: 'switch', where: 'thread', missing: 1, waitedMs: 60_000 };
    expect(describe(reminded, plan)).toContain('for ‹@U00000EVE›');
  });

  it('concern one shard, or all', () => {
    expect(shardOf({ kind: 'intent', effect: { kind: 'detach', shard: 2 } })).toBe(2);
    expect(shardOf({ kind: 'trouble', shard: 1, text: 'x' })).toBe(1);
    expect(shardOf({ kind: 'progress', percent: 25 })).toBeNull();
  });
});

about('the closing words', () => {
  const lines = (event: Event): string => {
    if (event.kind !== 'summary') throw new Error('It should be a summary.');
    for (const line of event.lines) {
      expect(line).toMatch(/^\S.*\.$/);
      expect(line).not.toMatch(/undefined|NaN|Infinity|\bnull\b/);
    }
    return event.lines.join('\n');
  };

  it('of a migration that finished: what moved, the pause, the settings, the fence', () => {
    const promoted = PLAN.shards.map(
      ({ index }): Event => ({ kind: 'promoted', shard: index, pauseMs: 5 + index, detail: 'x' }),
    );
    const state = stateOf(PLAN, [...toSwitched(PLAN), ...promoted]);
    const text = lines(
      finishSummary(
        state,
        sightOf(
          state,
          PLAN.shards.map((one) => ({ ...followingPair(one), source: switchedPair(PLAN, one.index).source })),
          { wallNow: START + 125_000 },
        ),
      ),
    );
    expect(text).toContain(
      '3 shards moved in 2 min 5 s: 60,000 keys and 2.9 MiB when it began, 60,000 keys on the new servers now.',
    );
    expect(text).toMatch(/Writes stood still for 7 ms at most: shard 1 \d ms, shard 2 \d ms and shard 3 \d ms\./);
    expect(text).toContain('No setting had to be changed.');
    expect(text).toMatch(/replicas of 127\.\d+\.\d+\.\d+:1, where nobody listens/);
  });

  it('of one that knows nothing still is made of sentences', () => {
    const state = stateOf(PLAN);
    expect(lines(finishSummary(state, NOT_LOOKED))).toContain('The pause of the writes was not measured.');
    expect(lines(abortSummary(state, NOT_LOOKED))).toBe('Nothing had been changed on any server.');
    expect(lines(abortSummary(stateOf(PLAN, toPlanned(PLAN)), NOT_LOOKED))).toBe(
      'Nothing had been changed on any server.',
    );
  });

  it('of one that was aborted: which data is left where', () => {
    const state = stateOf(PLAN, toStreaming(PLAN));
    const looks = PLAN.shards.map((one) => followingPair(one));
    const [first, second] = looks;
    if (!first || !second) throw new Error('The plan has three shards.');
    const text = lines(
      abortSummary(state, sightOf(state, [first, { ...second, destination: unseen('It hangs.') }, ...looks.slice(2)])),
    );
    expect(text).toContain('3 destinations had begun to replicate and stopped.');
    expect(text).toContain(
      'Data is left on new-1:6379 (20,000 keys), new-2:6379 (not reachable) and new-3:6379 (20,000 keys).',
    );
  });
});

it('a typed reason stands in a sentence of ours without its own full stop', () => {
  expect(saidText('The release is not out yet. ')).toBe('"The release is not out yet"');
  expect(saidText('Wait for it...')).toBe('"Wait for it..."');
  expect(saidText('See OPS-12.')).toBe('"See OPS-12"');
});
