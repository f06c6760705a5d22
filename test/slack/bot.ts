/** Our Slack app with a scripted engine behind it, connected to the sandbox workspace. Ends with `close()`. */
import { type Logger, LogLevel } from '@slack/bolt';
import { systemClock } from '../../src/clock.ts';
import type { Config } from '../../src/config.ts';
import { Secret } from '../../src/domain/secret.ts';
import { type Log, type Metrics, noLog, SecretRegistry } from '../../src/log.ts';
import { type SandboxSlack, type SandboxSlackOptions, startSandboxSlack } from '../../src/sandbox/slack/index.ts';
import { createSlackApis, createSlackApp, type SlackApp } from '../../src/slack/app.ts';
import { createAuthorizer } from '../../src/slack/authorize.ts';
import { FakeService, MemoryStore } from './support.ts';

export const MODES = ['socket', 'http'] as const;
export type Mode = (typeof MODES)[number];

export interface Bot {
  readonly slack: SandboxSlack;
  readonly app: SlackApp;
  readonly service: FakeService;
  readonly store: MemoryStore;
  readonly registry: SecretRegistry;
  readonly counted: { method: string; outcome: string }[];
  close(): Promise<void>;
}

export interface BotOptions {
  readonly slack?: SandboxSlack;
  readonly sandbox?: SandboxSlackOptions;
  readonly service?: FakeService;
  readonly store?: MemoryStore;
  readonly requesters?: readonly string[] | null;
  readonly approvers?: readonly string[] | null;
  readonly selfApproval?: boolean;
  readonly botToken?: string;
  readonly log?: Log;
  /** The inventory's groups; none are known when it is left out. */
  readonly groups?: readonly string[];
  readonly start?: boolean;
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

export async function startBot(mode: Mode, options: BotOptions = {}): Promise<Bot> {
  const slack = options.slack ?? (await startSandboxSlack(options.sandbox));
  const config: Pick<Config, 'slack' | 'defaultCutover' | 'requesters' | 'approvers' | 'selfApproval'> = {
    slack: {
      botToken: new Secret(options.botToken ?? slack.botToken),
      mode:
        mode === 'socket'
          ? { kind: 'socket', appToken: new Secret(slack.appToken) }
          : { kind: 'http', signingSecret: new Secret(slack.signingSecret), port: 0 },
      apiUrl: slack.apiUrl,
    },
    defaultCutover: 'fenced',
    requesters: options.requesters ?? null,
    approvers: options.approvers ?? null,
    selfApproval: options.selfApproval ?? true,
  };
  const registry = new SecretRegistry();
  const counted: { method: string; outcome: string }[] = [];
  const metrics: Metrics = {
    tickSeconds() {},
    cutoverPauseSeconds() {},
    fullSync() {},
    samplesDropped() {},
    slackRequest: (method, outcome) => void counted.push({ method, outcome }),
  };
  const log = options.log ?? noLog;
  const shared = { config, clock: systemClock, metrics, registry, boltLogger: quiet };
  const apis = createSlackApis(shared);
  const authorizer = createAuthorizer({ config, api: apis.talk, clock: systemClock, log });
  const service = options.service ?? new FakeService();
  const store = options.store ?? new MemoryStore();
  const { groups } = options;
  const app = createSlackApp({
    ...shared,
    apis,
    authorizer,
    service,
    store,
    log,
    httpHost: '127.0.0.1',
    ...(groups === undefined ? {} : { groups: () => groups }),
  });
  if (options.start !== false) {
    await app.start();
    if (mode === 'http') slack.setHttpTarget(`http://127.0.0.1:${app.port()}/slack/events`);
    await app.resume();
  }
  return {
    slack,
    app,
    service,
    store,
    registry,
    counted,
    async close() {
      await app.stop();
      await slack.close();
    },
  };
}
