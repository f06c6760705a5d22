/**
 * Twenty migrations of fifty shards that all change every second, shown by the real Slack room in a workspace that allows
 * 50 updates a minute: how many updates a minute there are, how old the messages grow, and how fast commands and clicks
 * are acknowledged meanwhile. The engine is a script, with a cut-over in every minute. For real minutes; the argument is
 * how many seconds. Room and workspace share one process, so the figures hold the work of both.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/clock.ts';
import type { Phase } from '../src/domain/phase.ts';
import { SecretRegistry } from '../src/log.ts';
import { MIGRATIONS as CHANNEL, type SandboxSlack, startSandboxSlack } from '../src/sandbox/slack/index.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { createScriptedService, idOf } from './support/scripted-service.ts';
import { act, createRoom, type Figures, newFigures, postMessages, report } from './support/slack-room.ts';

const MIGRATIONS = 20;
const SHARDS = 50;
/** A cut-over is under way in a third of every minute. */
const CUTOVER = { every: 60, from: 30, until: 50 };
/** By then every message was sent once. */
const SETTLED = 45;

function isCuttingOver(place: number, second: number): boolean {
  const at = second % CUTOVER.every;
  return place === Math.floor(second / CUTOVER.every) % MIGRATIONS && at >= CUTOVER.from && at < CUTOVER.until;
}

function phaseAt(place: number, second: number): Phase {
  return isCuttingOver(place, second) ? 'switching' : place % 2 === 0 ? 'streaming' : 'syncing';
}

interface Message {
  readonly id: string;
  readonly ts: string;
}

interface Course {
  readonly slack: SandboxSlack;
  readonly messages: readonly Message[];
  readonly seconds: number;
  readonly figures: Figures;
  /** At the beginning of each second. */
  readonly tick: (second: number) => void;
  /** In its middle: how old what a message shows is. */
  readonly ageMs: (said: string) => number;
  readonly isNear: (place: number, second: number) => boolean;
}

async function run({ slack, messages, seconds, figures, tick, ageMs, isNear }: Course): Promise<void> {
  const startedAt = systemClock.monotonicMs();
  const acts: Promise<void>[] = [];
  for (let second = 0; second < seconds; second++) {
    await systemClock.sleep(Math.max(0, startedAt + second * 1_000 - systemClock.monotonicMs()));
    tick(second);
    const message = messages[(second * 7) % MIGRATIONS];
    if (message) acts.push(act(slack, message, second, figures));
    await systemClock.sleep(500);
    if (second < SETTLED) continue;
    for (const [place, { ts }] of messages.entries()) {
      const shown = slack.message(CHANNEL, ts);
      const age = ageMs(shown?.text ?? '') / 1_000;
      (isNear(place, second) ? figures.ages.near : figures.ages.others).push(age);
    }
  }
  await Promise.all(acts);
}

async function byScript(folder: string, seconds: number): Promise<void> {
  const slack = await startSandboxSlack({ enforceRates: true });
  const ts = await postMessages(slack, MIGRATIONS);
  const startedAt = systemClock.now();
  const store = openSqliteStore({
    file: join(folder, 'script.db'),
    secrets: new SecretRegistry(),
    clock: systemClock,
  });
  const service = createScriptedService({
    migrations: MIGRATIONS,
    shards: SHARDS,
    channel: CHANNEL,
    startedAt,
    ts,
    store,
  });
  const room = createRoom(slack, service, store);
  const figures = newFigures();
  try {
    await room.start();
    await room.resume();
    await run({
      slack,
      messages: ts.map((one, place) => ({ id: idOf(place), ts: one })),
      seconds,
      figures,
      tick: (second) => service.tick(second, (place) => phaseAt(place, second)),
      ageMs: (said) => systemClock.now() - startedAt - Number(/Second (\d+)\./.exec(said)?.[1] ?? 0) * 1_000,
      isNear: (place, second) => isCuttingOver(place, second) && isCuttingOver(place, second - 2),
    });
    report(slack, { bench: 'slack', migrations: MIGRATIONS, shards: SHARDS, seconds }, figures);
  } finally {
    await room.stop();
    store.close();
    await slack.close();
  }
}

const seconds = Number(process.argv[2] ?? 180);
const folder = mkdtempSync(join(tmpdir(), 'redis-migrate-bench-'));
try {
  await byScript(folder, seconds);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
