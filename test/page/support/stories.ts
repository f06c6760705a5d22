/** Moments of a migration as the page's server would send them. The messages are the bot's own renderings. */
import type { MigrationView, ShardView } from '../../../src/domain/view.ts';
import type { DemoState } from '../../../src/sandbox/page/state.ts';
import { refusal } from '../../../src/slack/blocks/answers.ts';
import { startForm } from '../../../src/slack/blocks/form.ts';
import { renderHome } from '../../../src/slack/blocks/home.ts';
import { renderStatus } from '../../../src/slack/blocks/status.ts';
import { actionView, gateView, homeModel, shardView, view } from '../../slack/support.ts';
import {
  ANA,
  at,
  BEN,
  CHANNEL,
  EMPTY,
  EVE,
  endpoint,
  ephemeral,
  iso,
  json,
  message,
  SHARDS,
  world,
} from './workspace.ts';

function shards(patch: (index: number) => Partial<ShardView>): ShardView[] {
  return Array.from({ length: SHARDS }, (_, index) =>
    shardView(index, {
      source: endpoint('old', index),
      destination: endpoint('new', index),
      keys: 50_000 + index * 731,
      bytes: 48_000_000 + index * 900_000,
      sourceWritesPerSecond: 498 + index * 9,
      ...patch(index),
    }),
  );
}

export function migration(patch: Partial<MigrationView>): MigrationView {
  return view({
    id: 'm-7k3q',
    name: 'orders',
    channel: CHANNEL,
    requestedBy: ANA,
    totals: { servers: SHARDS, keys: 204_386, bytes: 197_400_000 },
    createdAt: iso(0),
    phaseSince: iso(2),
    asOf: iso(4),
    messageTs: at(0),
    ...patch,
  });
}

/** The live message of a migration, with what people typed before it and the story in its thread. */
export function told(live: MigrationView, story: readonly string[], rest: Partial<DemoState> = {}): DemoState {
  const { text, blocks } = renderStatus(live);
  return {
    ...EMPTY,
    messages: [
      message(-95, {
        user: BEN,
        text: 'Ana, the new fleet is up. All four are empty, passwords are in the inventory.',
      }),
      message(-40, { user: ANA, text: 'Thanks! Moving *orders* now; please look at the plan when it is there.' }),
      message(0, { text, blocks: json(blocks), edited: at(4) }),
      ...story.map((line, place) => message(2 + place * 27, { text: line, threadTs: at(0) })),
    ],
    ...rest,
  };
}

const BEGUN = [
  'Asked for “orders”: 4 shards, cut-over fenced.',
  'The check found nothing to mend. Gate *continue* is open.',
];
const APPROVED = gateView('continue', { approvals: [{ user: BEN, at: iso(30) }], reason: 'Passed.' });
const ABORT = actionView({
  action: 'migration:abort',
  consequence: 'Replication ends; nothing changes on the old servers.',
});

export const PLANNED = told(
  migration({
    phase: 'planned',
    waitingFor: 'Somebody has to approve continue.',
    shards: shards(() => ({
      state: 'waiting',
      percent: null,
      bytesPerSecond: null,
      etaSeconds: null,
      lagBytes: null,
      bufferBytes: null,
      fullSyncs: 0,
    })),
    findings: [
      {
        level: 'note',
        shard: 2,
        code: 'maxmemory',
        text: `${endpoint('new', 2)} has no memory limit.`,
        fix: 'CONFIG SET maxmemory 2gb',
      },
    ],
    actions: [actionView({ consequence: 'Replication of 4 shards starts: 204,386 keys, 188 MiB.' }), ABORT],
    gates: [
      gateView('continue', { open: true, reason: 'Replication of 4 shards will start.' }),
      gateView('switch'),
      gateView('finish'),
    ],
  }),
  BEGUN,
);

export function syncing(done: number): DemoState {
  const percent = (index: number) => Math.max(0, Math.min(100, done * 1.3 - index * 12));
  const state = (index: number): ShardView['state'] =>
    percent(index) >= 100
      ? 'in_step'
      : percent(index) > 75
        ? 'loading'
        : percent(index) > 22
          ? 'transfer'
          : percent(index) > 0
            ? 'snapshot'
            : 'queued';
  return told(
    migration({
      phase: 'syncing',
      phaseSince: iso(31),
      asOf: iso(31 + done),
      waitingFor: `${[0, 1, 2, 3].filter((index) => state(index) !== 'in_step').length} of 4 shards are not in step yet.`,
      shards: shards((index) => ({
        state: state(index),
        percent: percent(index),
        bytesPerSecond: state(index) === 'transfer' ? 31_400_000 : null,
        etaSeconds: percent(index) >= 100 ? 0 : Math.ceil((100 - percent(index)) / 9) + index,
        lagBytes: percent(index) >= 100 ? 812 : null,
        bufferBytes: 190_000,
      })),
      actions: [ABORT],
      gates: [APPROVED, gateView('switch', { reason: 'Opens when every shard is in step.' }), gateView('finish')],
    }),
    [...BEGUN, `<@${BEN}> approved *continue*.`, 'Two full syncs at a time; shard 1 and 2 are first.'],
    {
      world: world((one) =>
        one.side === 'new'
          ? {
              role: percent(one.shard) > 0 ? 'replica' : 'master',
              link: percent(one.shard) > 0 ? (percent(one.shard) >= 75 ? 'up' : 'down') : null,
              keys: Math.round((50_000 + one.shard * 731) * (percent(one.shard) / 100)),
            }
          : {},
      ),
    },
  );
}

const SWITCHED_WORLD = world(
  (one) =>
    one.side === 'old'
      ? { role: 'fenced', link: 'down', opsPerSecond: one.shard === 2 ? 96 : 0 }
      : { role: 'master', keys: 50_412 + one.shard * 731 },
  {
    application: Array.from({ length: SHARDS }, (_, shard) => ({
      shard,
      pointsAt: shard === 2 ? ('old' as const) : ('new' as const),
      acknowledgedPerSecond: shard === 2 ? 0 : 507 + shard,
      acknowledged: 88_411 + shard * 977,
      refused: shard === 2 ? 1_240 : 31,
    })),
  },
);

const PROMOTED = {
  state: 'promoted',
  bytesPerSecond: null,
  etaSeconds: null,
  lagBytes: null,
  bufferBytes: null,
} as const;

const SWITCHED_GATES = [APPROVED, gateView('switch', { approvals: [{ user: BEN, at: iso(118) }], reason: 'Passed.' })];

export const SWITCHED = told(
  migration({
    phase: 'switched',
    phaseSince: iso(119),
    asOf: iso(127),
    waitingFor: `Somebody still tries to write to ${endpoint('old', 2)}; finish opens after 30 s without any.`,
    shards: shards((index) => ({ ...PROMOTED, pauseMs: 9 + index, sourceWritesPerSecond: index === 2 ? 96 : 0 })),
    actions: [],
    gates: [
      ...SWITCHED_GATES,
      gateView('finish', { reason: 'Opens when nobody has tried to write to the old masters for 30 s.' }),
    ],
    lateWriters: `96 refused writes a second on ${endpoint('old', 2)}, the last one a second ago.`,
    lateClients: [
      {
        shard: 2,
        server: endpoint('old', 2),
        address: '127.0.0.1:52114',
        name: 'orders-worker-3',
        user: 'default',
        library: 'ioredis',
        lastCommand: 'set',
        idleSeconds: 0,
        triedSecondsAgo: 1,
      },
      {
        shard: 2,
        server: endpoint('old', 2),
        address: '127.0.0.1:52120',
        name: 'orders-report',
        user: 'default',
        library: '',
        lastCommand: 'get',
        idleSeconds: 41,
        triedSecondsAgo: null,
      },
    ],
  }),
  [
    ...BEGUN,
    `<@${BEN}> approved *continue*.`,
    `<@${BEN}> approved *switch*.`,
    'All four new servers are masters; writes paused for 12 ms at most.',
  ],
  { world: SWITCHED_WORLD },
);

export const FINISHED = told(
  migration({
    phase: 'finished',
    phaseSince: iso(191),
    waitingFor: 'Every setting is as it was. The old masters stay fenced until somebody stops them.',
    shards: shards((index) => ({ ...PROMOTED, pauseMs: 9 + index, sourceWritesPerSecond: 0, sourceClients: 0 })),
    actions: [],
    gates: [...SWITCHED_GATES, gateView('finish', { approvals: [{ user: BEN, at: iso(190) }], reason: 'Passed.' })],
  }),
  [
    ...BEGUN,
    `<@${BEN}> approved *continue*.`,
    `<@${BEN}> approved *switch*.`,
    `<@${BEN}> approved *finish*.`,
    'Finished: 4 shards, 204,386 keys, longest pause 12 ms.',
  ],
  {
    world: world(
      (one) =>
        one.side === 'old'
          ? { role: 'fenced', link: 'down', opsPerSecond: 0 }
          : { keys: 50_907 + one.shard * 731, opsPerSecond: 515 },
      {
        application: SWITCHED_WORLD.application.map((one) => ({
          ...one,
          pointsAt: 'new',
          acknowledgedPerSecond: 508 + one.shard,
          refused: 31,
        })),
        verified: { acknowledged: 359_506, missing: 0 },
      },
    ),
  },
);

export const REFUSED: DemoState = {
  ...PLANNED,
  ephemerals: [
    ephemeral(60, EVE, refusal([`You are not allowed to approve *continue*. An approver is: <@${BEN}>.`])),
    ephemeral(
      75,
      ANA,
      refusal([
        'There are 4 old servers and 3 new ones; the N-th old server goes to the N-th new one.',
        `${endpoint('new', 0)} is used by the unfinished migration \`m-7k3q\`.`,
      ]),
    ),
  ],
};

export const FORM: DemoState = {
  ...EMPTY,
  views: [
    {
      id: 'V1',
      user: ANA,
      view: json([startForm({ channel: CHANNEL, defaultCutover: 'fenced', hasGroups: false })])[0] ?? {},
      errors: {},
    },
  ],
};

export const HOME: DemoState = {
  ...PLANNED,
  homes: [
    {
      user: ANA,
      viewId: 'V0HOME',
      blocks: json(renderHome(homeModel({ running: [migration({ shards: shards(() => ({})) })] })).view.blocks),
    },
  ],
};

const option = (value: string) => ({ text: { type: 'plain_text', text: `the ${value} way` }, value });
const options = ['fast', 'safe'].map(option);

export const CHOICES: DemoState = {
  ...EMPTY,
  messages: [
    message(0, {
      blocks: json([
        {
          type: 'section',
          block_id: 's',
          text: { type: 'mrkdwn', text: 'Which way? <https://example.com|read on> before you choose.' },
          accessory: { type: 'overflow', action_id: 'o', options },
        },
        {
          type: 'actions',
          block_id: 'a',
          elements: [
            { type: 'static_select', action_id: 'one', placeholder: { type: 'plain_text', text: 'Way' }, options },
            { type: 'multi_static_select', action_id: 'many', options, initial_options: options },
            { type: 'datepicker', action_id: 'day' },
            { type: 'radio_buttons', action_id: 'radio', options },
          ],
        },
      ]),
      files: [
        { id: 'F1', name: 'lag.png', title: 'Lag', alt: 'It falls', type: 'png', bytes: 9_000, isPicture: true },
        { id: 'F2', name: 'all.csv', title: 'All shards', alt: null, type: 'csv', bytes: 900, isPicture: false },
      ],
    }),
  ],
};
