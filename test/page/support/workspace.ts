/** The workspace of the page's tests before anything happened: people, channels, fleet, application. */
import type { DemoState, PageEphemeral, PageMessage, World, WorldServer } from '../../../src/sandbox/page/state.ts';
import type { JsonObject } from '../../../src/sandbox/slack/json.ts';
import { ANA, BEN, EVE } from '../../slack/support.ts';

export { ANA, BEN, EVE };
export const BOT = 'U00000RMIG';
export const CHANNEL = 'C000000OPS';
export const SHARDS = 4;

/** Noon of today, so that pictures and tests say "Today". */
const NOON = (() => {
  const noon = new Date();
  noon.setHours(10, 2, 0, 0);
  return noon.getTime();
})();

export function at(seconds: number): string {
  return (NOON / 1000 + seconds).toFixed(6);
}

export function iso(seconds: number): string {
  return new Date(NOON + seconds * 1000).toISOString();
}

export function json(blocks: readonly unknown[]): readonly JsonObject[] {
  return JSON.parse(JSON.stringify(blocks)) as JsonObject[];
}

export function message(seconds: number, patch: Partial<PageMessage> = {}): PageMessage {
  return {
    channel: CHANNEL,
    ts: at(seconds),
    user: BOT,
    text: '',
    blocks: [],
    files: [],
    threadTs: null,
    broadcast: false,
    edited: null,
    ...patch,
  };
}

export function ephemeral(
  seconds: number,
  user: string,
  answer: { text: string; blocks?: readonly unknown[] },
): PageEphemeral {
  return { id: at(seconds), channel: CHANNEL, user, text: answer.text, blocks: json(answer.blocks ?? []) };
}

export const endpoint = (side: 'old' | 'new', shard: number) => `127.0.0.1:${(side === 'old' ? 6401 : 6501) + shard}`;

function server(side: 'old' | 'new', shard: number, patch: Partial<WorldServer> = {}): WorldServer {
  return {
    id: `${side}-${shard + 1}`,
    side,
    shard,
    address: endpoint(side, shard),
    running: true,
    role: 'master',
    link: null,
    keys: side === 'old' ? 50_000 + shard * 731 : 0,
    opsPerSecond: side === 'old' ? 512 + shard * 17 : 1,
    isCut: false,
    isSlow: false,
    ...patch,
  };
}

export function world(
  patch: (server: WorldServer) => Partial<WorldServer> = () => ({}),
  rest: Partial<World> = {},
): World {
  const numbers = Array.from({ length: SHARDS }, (_, shard) => shard);
  return {
    botRunning: true,
    deploymentsFrozen: false,
    servers: numbers.flatMap((shard) =>
      (['old', 'new'] as const).map((side) => {
        const plain = server(side, shard);
        return { ...plain, ...patch(plain) };
      }),
    ),
    application: numbers.map((shard) => ({
      shard,
      pointsAt: 'old',
      acknowledgedPerSecond: 498 + shard * 9,
      acknowledged: 61_204 + shard * 977,
      refused: 0,
    })),
    verified: null,
    ...rest,
  };
}

export const EMPTY: DemoState = {
  version: 1,
  team: 'Redis Movers',
  botUser: BOT,
  people: [
    { id: BOT, name: 'redis-migrate', role: 'bot' },
    { id: ANA, name: 'Ana', role: 'requester' },
    { id: BEN, name: 'Ben', role: 'approver' },
    { id: EVE, name: 'Eve', role: 'nobody' },
  ],
  channels: [
    { id: CHANNEL, name: 'migrations' },
    { id: 'C000000GEN', name: 'general' },
  ],
  messages: [],
  ephemerals: [],
  views: [],
  homes: [],
  world: world(),
};
