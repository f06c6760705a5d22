/** Everything in which people only look: the shards, a shard, `sup`, the Home tab, the history, the settings. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServerView, SettingState, ShardDetail } from '../../../src/domain/shard-detail.ts';
import type { JournalView, MigrationView } from '../../../src/domain/view.ts';
import { waitsFor } from '../../../src/domain/waits-for.ts';
import { checkMessage, checkView } from '../../../src/sandbox/slack/block-limits.ts';
import { askedShard, detailsView, found, readDetailsPlace } from '../../../src/slack/blocks/details.ts';
import { historyView, WHOLE_HISTORY } from '../../../src/slack/blocks/history.ts';
import { renderHome } from '../../../src/slack/blocks/home.ts';
import { skeleton } from '../../../src/slack/blocks/looking.ts';
import { settingsView } from '../../../src/slack/blocks/settings.ts';
import { shardPage, shardTitle } from '../../../src/slack/blocks/shard-page.ts';
import { supAnswer } from '../../../src/slack/blocks/sup.ts';
import { ANA, actionView, BEN, gateView, homeModel, serverView, shardDetail, shardView, view } from '../support.ts';
import { allText, anyView, expectHarmless, figure, moment, text } from './any-view.ts';

const maybe = fc.option(text);

function anyServer(side: ServerView['side']): fc.Arbitrary<ServerView> {
  return fc.record({
    side: fc.constant(side),
    address: text,
    problem: maybe,
    from: fc.constantFrom('look' as const, 'check' as const, 'nothing' as const),
    kind: maybe,
    version: maybe,
    role: fc.constantFrom('master' as const, 'replica' as const, null),
    follows: fc.option(fc.record({ address: text, linkUp: fc.boolean(), fence: fc.boolean() })),
    runId: maybe,
    keys: figure,
    expiringKeys: figure,
    bytes: figure,
    maxmemoryBytes: figure,
    clients: figure,
    stream: fc.option(
      fc.record({
        offset: maybe,
        replid: maybe,
        before: fc.option(fc.record({ replid: text, offset: maybe })),
      }),
    ),
  });
}

const anyEvent: fc.Arbitrary<JournalView> = fc.record({
  seq: fc.integer({ min: 1, max: 1e6 }),
  at: moment,
  actor: text,
  kind: fc.constant('seen'),
  text,
  shard: fc.constant(0),
});

const STATES: readonly SettingState[] = ['asked', 'set', 'going_back', 'put_back', 'left'];

const anyDetail: fc.Arbitrary<(of: MigrationView) => ShardDetail> = fc
  .record({
    servers: fc.tuple(anyServer('source'), anyServer('destination')),
    settings: fc.array(
      fc.record({
        side: fc.constantFrom('source' as const, 'destination' as const),
        name: text,
        old: maybe,
        value: maybe,
        why: text,
        state: fc.constantFrom(...STATES),
      }),
      { maxLength: 40 },
    ),
    events: fc.array(anyEvent, { maxLength: 10 }),
    hasOlder: fc.boolean(),
  })
  .map((rest) => (of) => ({ ...shardDetail(of, of.shards.length - 1), ...rest }));

function withoutLinks() {
  return new Map<string, string>();
}

function expectView(shown: unknown): void {
  expect(checkView(shown)).toEqual([]);
  // What somebody typed goes back into its own field as it was; there nothing is read as a mark.
  const typed = ['private_metadata', 'initial_value'];
  expectHarmless(JSON.parse(JSON.stringify(shown, (field, value: unknown) => (typed.includes(field) ? '' : value))));
}

describe('whatever the names, for 1 to 1,000 shards', () => {
  it('the list of shards and the page of one keep every limit of Slack and call nobody', () => {
    fc.assert(
      fc.property(anyView, anyDetail, fc.nat(60), text, (drawn, detail, page, words) => {
        expectView(detailsView(drawn, { migration: drawn.id, page, words }));
        expectView(detailsView(drawn, { migration: drawn.id, page, words: '' }));
        expectView(shardPage(detail(drawn), null));
        expectView(shardPage(detail(drawn), 77));
      }),
      { numRuns: 60 },
    );
  });

  it('so do sup, the Home tab and the history', () => {
    fc.assert(
      fc.property(anyView, text, (drawn, words) => {
        const many = Array.from({ length: 40 }, () => drawn);
        const { text: said, blocks } = supAnswer(many);
        expect(checkMessage(blocks, said)).toEqual([]);
        expectHarmless(blocks);
        const waiting = waitsFor(ANA, { approve: true, approveOwn: true }, many);
        const model = homeModel({ waiting, running: many, ended: many, maySeeSettings: true, notice: '✖️ No.' });
        expectView(renderHome(model).view);
        expectView(historyView(many, { page: 3, words, person: null }, withoutLinks));
        expectView(historyView(many, { ...WHOLE_HISTORY, person: BEN }, withoutLinks));
      }),
      { numRuns: 40 },
    );
  });

  it('the form that is opened while the rest is on its way is within the limits for the longest title', () => {
    expect(checkView(skeleton(shardTitle('m-7k3q', 999)))).toEqual([]);
  });
});

const THOUSAND = view({
  phase: 'syncing',
  shards: Array.from({ length: 1_000 }, (_, index) =>
    shardView(index, index === 700 ? { state: 'link_down', reason: 'The link is down.' } : {}),
  ),
});

describe('the list of shards', () => {
  const shown = (page: number, words = '') => detailsView(THOUSAND, { migration: 'm-7k3q', page, words });

  it('shows twenty a page, worst first, and turns to the next', () => {
    const first = allText(shown(0));
    expect(first.match(/details:shard/g)).toHaveLength(20);
    expect(first.indexOf('*701* link down')).toBeLessThan(first.indexOf('*1* in step'));
    expect(first).toContain('1 to 20 of 1,000 shards, worst first. As of <!date');
    expect(first).toContain('details:next');
    expect(first).not.toContain('details:previous');
    const last = allText(shown(49));
    expect(last).toContain('981 to 1000 of 1,000');
    expect(last).not.toContain('details:next');
    expect(readDetailsPlace(shown(999).private_metadata ?? '')?.page).toBe(49);
  });

  it('finds shards by number, address and state', () => {
    expect(askedShard(THOUSAND, ' #701 ')).toBe(700);
    expect(askedShard(THOUSAND, '1001')).toBeNull();
    expect(askedShard(THOUSAND, 'old-701')).toBeNull();
    expect(found(THOUSAND, 'OLD-701').map((shard) => shard.index)).toEqual([700]);
    expect(found(THOUSAND, 'link down').map((shard) => shard.index)).toEqual([700]);
    expect(allText(shown(0, 'nowhere'))).toContain('No shard has that');
  });

  it('carries little with it, and does not say again what was typed but in the field it was typed in', () => {
    const form = shown(3, 'old-7');
    expect(form.private_metadata?.length).toBeLessThan(200);
    const without = { ...form, private_metadata: '', blocks: form.blocks.filter((block) => block.type !== 'input') };
    expect(allText(without)).not.toContain('“old-7”');
  });
});

describe('the page of a shard', () => {
  it('shows the two servers side by side, what was changed on them, and what happened', () => {
    const detail: ShardDetail = {
      ...shardDetail(THOUSAND, 700),
      servers: [
        serverView('source', {
          address: 'old-701:6379',
          role: 'replica',
          follows: { address: 'x:1', linkUp: false, fence: true },
        }),
        serverView('destination', { address: 'new-701:6379', problem: 'new-701:6379 has not answered for 4 s.' }),
      ],
      settings: [
        {
          side: 'source',
          name: 'repl-timeout',
          old: '60',
          value: '600',
          why: 'so that a full sync ends',
          state: 'set',
        },
        {
          side: 'destination',
          name: 'masterauth',
          old: '',
          value: null,
          why: 'so that it can log in',
          state: 'put_back',
        },
      ],
      events: [
        { seq: 12, at: '2024-05-01T10:00:00.000Z', actor: 'bot', kind: 'seen', text: 'Seen: it follows.', shard: 700 },
      ],
      hasOlder: true,
    };
    const page = allText(shardPage(detail, null));
    expect(page).toContain('*Old server*\\nold-701:6379');
    expect(page).toContain('*Old role*\\nreplica behind the fence');
    expect(page).toContain('*New stream offset*\\n`123456`');
    expect(page).toContain('⛔ New server: new-701:6379 has not answered');
    expect(page).toContain('🔧 set now: `repl-timeout` on the old server, `60` → `600`, so that a full sync ends');
    expect(page).toContain('✅ put back: `masterauth` on the new server, nothing → a secret, so that it can log in');
    expect(page).toContain('{date_short_pretty} {time_secs}|2024-05-01T10:00:00.000Z> Seen: it follows.');
    expect(page).toContain('"action_id":"shard:older"');
    expect(page).not.toContain('shard:newest');
    expect(allText(shardPage(detail, 12))).toContain('shard:newest');
  });
});

describe('sup', () => {
  it('is one line a migration', () => {
    const syncing = view({
      phase: 'syncing',
      waitingFor: 'Copies.',
      progress: { percent: 45, bytesPerSecond: 1, etaSeconds: 125 },
    });
    const planned = view({ id: 'm-0000', shards: [shardView(0, { lagBytes: null })] });
    const { text: said } = supAnswer([syncing, planned]);
    expect(said.split('\n')).toEqual([
      expect.stringMatching(
        /^🔄 `m-7k3q` \*orders\* syncing · 45 % · about 2 min 05 s left · largest lag 0 B · waits: Copies · as of <!date/,
      ),
      expect.stringMatching(/^📋 `m-0000` \*orders\* planned · waits: Somebody has to approve continue ·/),
    ]);
    expect(supAnswer([]).text).toContain('No migration is running.');
  });
});

describe('the Home tab', () => {
  const may = { approve: true, approveOwn: true };
  const waiting = view({ requestedBy: BEN });

  it('shows an approver the gates that lack their approval, with the button', () => {
    const shown = allText(renderHome(homeModel({ waiting: waitsFor(ANA, may, [waiting]), running: [waiting] })).view);
    expect(shown).toContain('Waiting for you (1)');
    expect(shown).toContain('*continue* is open and wants your approval. Replication of 3 shards will start.');
    expect(shown).toContain('"action_id":"gate:continue"');
  });

  it('does not ask for what is not theirs to give, or was given', () => {
    const given = view({
      requestedBy: BEN,
      gates: [
        gateView('continue', { open: true, needed: 2, approvals: [{ user: ANA, at: '2024-05-01T10:00:00.000Z' }] }),
      ],
    });
    expect(waitsFor(ANA, may, [given])).toEqual([]);
    expect(waitsFor('U3', may, [given])).toHaveLength(1);
    expect(waitsFor(ANA, { ...may, approve: false }, [waiting])).toEqual([]);
    expect(waitsFor(BEN, { ...may, approveOwn: false }, [waiting])).toEqual([]);
    expect(waitsFor(BEN, may, [waiting])).toHaveLength(1);
    const early = { ...waiting, gates: waiting.gates.map((gate) => ({ ...gate, open: false, early: true as const })) };
    expect(waitsFor(ANA, may, [early])).toHaveLength(1);
  });

  it('shows a requester what the check found, and an approver what the bot asks', () => {
    const wrong = view({
      actions: [actionView({ action: 'migration:recheck', ask: 'none' })],
      findings: [{ level: 'error', shard: 0, code: 'e', text: 'It is a replica.', fix: 'SLAVEOF NO ONE' }],
    });
    const no = { ...may, approve: false };
    const shown = allText(renderHome(homeModel({ waiting: waitsFor(ANA, no, [wrong]) })).view);
    expect(shown).toContain('❌ *orders* `m-7k3q`: It is a replica.\\n→ SLAVEOF NO ONE');
    expect(shown).toContain('migration:recheck');
    expect(waitsFor(BEN, no, [wrong])).toEqual([]);
    const denied = view({ actions: [actionView({ action: 'migration:ask_again', consequence: 'Eve said no.' })] });
    expect(waitsFor(ANA, no, [denied])).toHaveLength(1);
    expect(waitsFor(BEN, may, [denied])).toEqual([]);
    const held = view({ actions: [actionView({ action: 'migration:resume', consequence: 'Shard 1 was changed.' })] });
    expect(allText(renderHome(homeModel({ waiting: waitsFor(BEN, may, [held]) })).view)).toContain(
      'Shard 1 was changed.',
    );
  });

  it('links to the status messages by what Slack said, and by nothing else', () => {
    const links = (link: string) => new Map([['m-7k3q', link]]);
    const shown = (link: string) => allText(renderHome(homeModel({ running: [waiting], links: links(link) })).view);
    expect(shown('https://x.slack.com/archives/C1/p1')).toContain(
      '<https://x.slack.com/archives/C1/p1|Open the message>',
    );
    expect(shown('javascript:alert(1)')).toContain('in <#C000000OPS>');
  });

  it('is the same but for the freshness when nothing but time and figures in dialogs changed', () => {
    const at = (ms: number, consequence: string) => {
      const drawn = { ...waiting, actions: [actionView({ consequence })] };
      return renderHome(homeModel({ waiting: waitsFor(ANA, may, [drawn]), at: ms }));
    };
    expect(at(1_000, 'One.').key).toBe(at(61_000, 'Two.').key);
    expect(at(1_000, 'One.').view).not.toEqual(at(61_000, 'One.').view);
  });
});

describe('the settings', () => {
  const settings = {
    requesters: null,
    approvers: [ANA, 'S0OPS'],
    approvals: { continue: 1, switch: 2, finish: 1 },
    selfApproval: false,
    approvalTtlMs: 3_600_000,
    defaultCutover: 'fenced' as const,
    quietMs: 30_000,
    maxLagBytes: 1_048_576,
    maxPauseMs: 2_000,
    syncsPerHost: 2,
    syncsTotal: 8,
    retentionMs: 90 * 86_400_000,
    allowedHosts: { allowsName: () => true, allowsAddresses: () => true, written: ['*.redis.internal', '10.0.0.0/8'] },
    allowTypedPasswords: false,
    hook: { url: 'https://bot:hunter2@deploy.example:8443/hooks/T0KEN?key=s3cret' },
  };

  it('say who may do what, and of a webhook only its host', () => {
    const form = settingsView(settings);
    expect(checkView(form)).toEqual([]);
    const shown = allText(form);
    expect(shown).toContain('May ask for migrations: *everybody*');
    expect(shown).toContain(`May approve: <@${ANA}>, <!subteam^S0OPS>`);
    expect(shown).toContain('*switch* 2');
    expect(shown).toContain('are kept: for 90 days');
    expect(shown).toContain('An approval holds for: 60 minutes');
    expect(shown).toContain('own approval: does not count');
    expect(shown).toContain('`∗.redis.internal`, `10.0.0.0/8`');
    expect(shown).toContain('deploy.example:8443');
    for (const secret of ['hunter2', 'T0KEN', 's3cret', '/hooks']) expect(shown).not.toContain(secret);
  });

  it('keep the limits with long lists', () => {
    const many = Array.from({ length: 900 }, (_, index) => `U${String(index).padStart(10, '0')}`);
    const written = Array.from({ length: 900 }, (_, index) => `${'h'.repeat(90)}${index}.example`);
    const allowedHosts = { ...settings.allowedHosts, written };
    expect(checkView(settingsView({ ...settings, requesters: many, approvers: many, allowedHosts }))).toEqual([]);
  });
});
