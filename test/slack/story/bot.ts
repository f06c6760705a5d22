/** The real Slack room on the real engine, in a workspace of the story. Ends with `close()`. */
import { type Logger, LogLevel } from '@slack/bolt';
import { systemClock } from '../../../src/clock.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import type { Authorizer } from '../../../src/engine/service.ts';
import { noLog, noMetrics, SecretRegistry } from '../../../src/log.ts';
import { createSlackApis, createSlackApp } from '../../../src/slack/app.ts';
import { createAuthorizer } from '../../../src/slack/authorize.ts';
import { openSqliteStore } from '../../../src/store/sqlite.ts';
import { createHarness, type Harness } from '../../support/engine.ts';
import type { World } from './world.ts';

export interface StoryBot {
  readonly engine: Engine;
  readonly phase: Harness['phase'];
  readonly open: Harness['open'];
  close(): Promise<void>;
}

const quiet: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  setName() {},
  getLevel: () => LogLevel.ERROR,
};

export async function startStoryBot(world: World): Promise<StoryBot> {
  const registry = new SecretRegistry();
  const config = {
    slack: world.slack,
    defaultCutover: 'fenced',
    requesters: null,
    approvers: null,
    selfApproval: true,
  } as const;
  const shared = { config, clock: systemClock, metrics: noMetrics, registry, boltLogger: quiet };
  const apis = createSlackApis(shared);
  const authorizer: Authorizer = createAuthorizer({ config, api: apis.talk, clock: systemClock, log: noLog });
  const store = openSqliteStore({ file: ':memory:', secrets: registry, clock: systemClock });
  const harness = createHarness({ store, authorizer });
  const { engine } = harness;
  const app = createSlackApp({
    ...shared,
    apis,
    authorizer,
    service: engine,
    store,
    log: noLog,
    httpHost: '127.0.0.1',
  });
  await app.start();
  world.connect(world.slack.mode.kind === 'http' ? app.port() : null);
  await app.resume();
  return {
    engine,
    phase: (id, ...phases) => harness.phase(id, ...phases),
    open: (id, gate) => harness.open(id, gate),
    async close() {
      await harness.close();
      await app.stop();
      store.close();
    },
  };
}
