/**
 * Twenty migrations of fifty shards that all change every second, shown by the real Slack room in a workspace that allows
 * 50 updates a minute: how many updates a minute there are, how old the messages grow, and how fast commands and clicks
 * are acknowledged meanwhile. For real minutes; the argument is how many seconds. Room and workspace share one process,
 * so the figures hold the work of both.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, LogLevel } from '@slack/bolt';
import { systemClock } from '../src/clock.ts';
import type { Phase } from '../src/domain/phase.ts';
import { Secret } from '../src/domain/secret.ts';
import { noLog, noMetrics, SecretRegistry } from '../src/log.ts';
import { ANA, BEN, MIGRATIONS as CHANNEL, type SandboxSlack, startSandboxSlack } from '../src/sandbox/slack/index.ts';
import { createSlackApis, createSlackApp } from '../src/slack/app.ts';
import { createAuthorizer } from '../src/slack/authorize.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { createScriptedService, idOf } from './support/scripted-service.ts';

const MIGRATIONS = 20;
const SHARDS = 50;
/** A cut-over is under way in a third of every minute. */
const CUTOVER = { every: 60, from: 30, until: 50 };
/** By then every message was sent once. */
const SETTLED = 45;

const quiet: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  setName() {},
  getLevel: () => LogLevel.ERROR,
};

function isCuttingOver(place: number, second: number): boolean {
  const at = second % CUTOVER.every;
  return place === Math.floor(second / CUTOVER.every) % MIGRATIONS && at >= CUTOVER.from && at < CUTOVER.until;
}

function phaseAt(place: number, second: number): Phase {
  return isCuttingOver(place, second) ? 'switching' : place % 2 === 0 ? 'streaming' : 'syncing';
}

function startRoom(slack: SandboxSlack, file: string, startedAt: number, ts: readonly string[]) {
  const registry = new SecretRegistry();
  const config = {
    slack: {
      botToken: new Secret(slack.botToken),
      mode: { kind: 'socket', appToken: new Secret(slack.appToken) },
      apiUrl: slack.apiUrl,
    },
    defaultCutover: 'fenced',
    requesters: null,
    approvers: null,
    selfApproval: true,
  } as const;
  const shared = { config, clock: systemClock, metrics: noMetrics, registry, boltLogger: quiet };
  const apis = createSlackApis(shared);
  const store = openSqliteStore({ file, secrets: registry, clock: systemClock });
  const service = createScriptedService({
    migrations: MIGRATIONS,
    shards: SHARDS,
    channel: CHANNEL,
    startedAt,
    ts,
    store,
  });
  const authorizer = createAuthorizer({ config, api: apis.talk, clock: systemClock, log: noLog });
  const app = createSlackApp({ ...shared, apis, authorizer, service, store, log: noLog });
  return { app, service, store };
}

/** Messages of the bot, as they stand before the first second. */
async function postMessages(slack: SandboxSlack): Promise<string[]> {
  const ts: string[] = [];
  for (let place = 0; place < MIGRATIONS; place++) {
    const response = await fetch(`${slack.apiUrl}chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${slack.botToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channel: CHANNEL, text: idOf(place) }),
    });
    const answer = (await response.json()) as { ts?: string };
    if (answer.ts !== undefined) ts.push(answer.ts);
    await systemClock.sleep(1_100);
  }
  return ts;
}

interface Figures {
  readonly ages: { readonly near: number[]; readonly others: number[] };
  readonly acks: { readonly commands: number[]; readonly clicks: number[] };
  unacknowledged: number;
}

/** What everybody reads in the middle of this second. */
function readAges(
  slack: SandboxSlack,
  ts: readonly string[],
  second: number,
  { ages }: Figures,
  startedAt: number,
): void {
  for (const [place, at] of ts.entries()) {
    const shown = Number(/Second (\d+)\./.exec(slack.message(CHANNEL, at)?.text ?? '')?.[1] ?? 0);
    const ageMs = systemClock.now() - startedAt - shown * 1_000;
    const isNear = isCuttingOver(place, second) && isCuttingOver(place, second - 2);
    (isNear ? ages.near : ages.others).push(ageMs / 1_000);
  }
}

async function act(slack: SandboxSlack, ts: readonly string[], second: number, figures: Figures): Promise<void> {
  const place = (second * 7) % MIGRATIONS;
  const text = second % 2 === 0 ? 'list' : `status ${idOf(place)}`;
  const command = slack.command({ user: ANA, channel: CHANNEL, text });
  const hasButton = slack.buttons({ blocks: slack.message(CHANNEL, ts[place] ?? '')?.blocks ?? [] }).length > 0;
  const click = hasButton
    ? slack.click({ user: BEN, channel: CHANNEL, ts: ts[place] ?? '', actionId: 'migration:abort' })
    : null;
  const { ackMs } = await command;
  if (ackMs === null) figures.unacknowledged += 1;
  else figures.acks.commands.push(ackMs);
  const clicked = await click;
  if (clicked === null) return;
  if (clicked.ackMs === null) figures.unacknowledged += 1;
  else figures.acks.clicks.push(clicked.ackMs);
}

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 180);
  const folder = mkdtempSync(join(tmpdir(), 'redis-migrate-bench-'));
  const slack = await startSandboxSlack({ enforceRates: true });
  const ts = await postMessages(slack);
  const startedAt = systemClock.now();
  const { app, service, store } = startRoom(slack, join(folder, 'state.db'), startedAt, ts);
  const figures: Figures = { ages: { near: [], others: [] }, acks: { commands: [], clicks: [] }, unacknowledged: 0 };
  try {
    await app.start();
    await app.resume();
    const acts: Promise<void>[] = [];
    for (let second = 0; second < seconds; second++) {
      await systemClock.sleep(Math.max(0, startedAt + second * 1_000 - systemClock.now()));
      service.tick(second, (place) => phaseAt(place, second));
      acts.push(act(slack, ts, second, figures));
      await systemClock.sleep(500);
      if (second >= SETTLED) readAges(slack, ts, second, figures, startedAt);
    }
    await Promise.all(acts);
    report(slack, seconds, figures);
  } finally {
    await app.stop();
    store.close();
    await slack.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(slack: SandboxSlack, seconds: number, { ages, acks, unacknowledged }: Figures): void {
  const updates = slack.rates().find(({ name }) => name === 'chat.update');
  const at = (values: readonly number[], share: number) => {
    const sorted = values.toSorted((a, b) => a - b);
    return Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1));
  };
  const result = {
    bench: 'slack',
    migrations: MIGRATIONS,
    shards: SHARDS,
    seconds,
    updates: updates?.total ?? 0,
    mostUpdatesInAMinute: updates?.most ?? 0,
    refusedByRate: slack.apiCalls.filter(({ outcome }) => outcome === 'ratelimited').length,
    oldestNearestSeconds: at(ages.near, 1),
    oldestOtherSeconds: at(ages.others, 1),
    commands: acks.commands.length,
    commandAckP50Ms: at(acks.commands, 0.5),
    commandAckP99Ms: at(acks.commands, 0.99),
    clicks: acks.clicks.length,
    clickAckP50Ms: at(acks.clicks, 0.5),
    clickAckP99Ms: at(acks.clicks, 0.99),
    unacknowledged,
  };
  console.table([result]);
  console.log(JSON.stringify(result));
}

await main();
