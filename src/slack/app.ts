/**
 * The Slack room's front door: Bolt with our listeners, the publisher and the thread behind it. Owns the connection to
 * Slack and the requests in flight. Never talks to Redis, never decides about a migration; what it is told by people
 * goes to the engine's service, what the engine tells it goes to the channel. When Slack is away, the engine goes on.
 */
import { App, type Logger } from '@slack/bolt';
import { WebClient, type WebClientOptions } from '@slack/web-api';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { hasEnded } from '../domain/phase.ts';
import type { MigrationId } from '../domain/plan.ts';
import type { Authorizer, MigrationService } from '../engine/service.ts';
import type { Log, Metrics, SecretRegistry } from '../log.ts';
import type { InboxItem, Store } from '../store/store.ts';
import { backoffMs } from './alarm.ts';
import { createAnswerer } from './answerer.ts';
import { createSlackApi, type SlackApi } from './api.ts';
import type { ShownSettings } from './blocks/settings.ts';
import { createPngDrawer, type DrawPng } from './chart/render.ts';
import { createConnection, isHopeless, slackCode } from './connection.ts';
import { createDrafts } from './drafts.ts';
import { createHandouts } from './files/handouts.ts';
import { createPeople } from './files/people.ts';
import { createUploader } from './files/uploader.ts';
import { createHomeDesk, type HomeDesk } from './home-desk.ts';
import { createInFlight } from './in-flight.ts';
import { createLinks } from './links.ts';
import * as actions from './listeners/actions.ts';
import * as commands from './listeners/commands.ts';
import type { ListenerDeps } from './listeners/deps.ts';
import * as events from './listeners/events.ts';
import * as form from './listeners/form.ts';
import * as looking from './listeners/looking.ts';
import * as options from './listeners/options.ts';
import * as shortcuts from './listeners/shortcuts.ts';
import * as views from './listeners/views.ts';
import { createPoster } from './post.ts';
import { createPublisher } from './publisher.ts';
import { createRateBudget, type RateBudget } from './rate-budget.ts';
import { createStartDesk } from './start-desk.ts';
import { createThread } from './thread.ts';

/** Two clients, because a rate limit of one must not hold up the other. */
export interface SlackApis {
  /** For answers, forms, new messages and questions. */
  readonly talk: SlackApi;
  /** For `chat.update` only; never retries by itself. */
  readonly publish: SlackApi;
}

export interface SlackApisDeps {
  readonly config: Pick<Config, 'slack'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly registry: SecretRegistry;
  readonly boltLogger: Logger;
}

const TIMEOUT_MS = 10_000;

export function createSlackApis(deps: SlackApisDeps): SlackApis {
  const { config, clock, metrics, registry } = deps;
  const api = (attempts: number, maxRetryAfterMs: number) =>
    createSlackApi({
      client: new WebClient(config.slack.botToken.reveal(), clientOptions(deps)),
      clock,
      metrics,
      registry,
      patience: { attempts, maxRetryAfterMs },
    });
  return { talk: api(4, 30_000), publish: api(1, 0) };
}

/** A new object each time: Bolt and the socket client write into what they are given. No headers: they would carry the bot's token to `apps.connections.open`. */
function clientOptions(deps: Pick<SlackApisDeps, 'config' | 'boltLogger'>): WebClientOptions {
  return {
    logger: deps.boltLogger,
    timeout: TIMEOUT_MS,
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
    ...(deps.config.slack.apiUrl === null ? {} : { slackApiUrl: deps.config.slack.apiUrl }),
  };
}

export interface SlackAppDeps extends SlackApisDeps {
  readonly config: Pick<Config, 'slack' | 'defaultCutover' | 'approvers' | 'selfApproval'>;
  readonly apis: SlackApis;
  readonly authorizer: Authorizer;
  readonly service: MigrationService;
  /** What approvers are shown of how the bot is set up; left out: nothing. */
  readonly settings?: ShownSettings;
  /** The names of the inventory's groups. */
  readonly groups?: () => readonly string[];
  readonly store: Pick<Store, 'putInbox' | 'inbox' | 'settleInbox' | 'note' | 'setNote'>;
  readonly log: Log;
  /** Draws charts; on a thread of its own when it is not given. */
  readonly draw?: DrawPng;
  /** Address to listen on in HTTP mode; all of them when it is not given. */
  readonly httpHost?: string;
}

export interface SlackApp {
  readonly authorizer: Authorizer;
  /** auth.test, then the socket or the listener. Rejects when Slack says no for good; waits while it is away. */
  start(): Promise<void>;
  /** Carries out what a crash left undone and brings the messages up to date. Returns when both are under way. */
  resume(): Promise<void>;
  ready(): { readonly ok: boolean; readonly why: string | null };
  /** Seconds for which Slack has not taken the newest state of a migration's message; only those that it does not take. */
  staleMessages(): ReadonlyMap<MigrationId, number>;
  /** The HTTP listener's port; null in Socket Mode or before the start. */
  port(): number | null;
  /** Lets requests in flight finish, publishes the last statuses, closes. At most about eight seconds; may be called twice. */
  stop(): Promise<void>;
}

/** Together below the ten seconds that a stop may take. */
const GRACE = { requestsMs: 3_000, statusesMs: 2_500, storiesMs: 1_000 };

export function createSlackApp(deps: SlackAppDeps): SlackApp {
  const { apis, authorizer, service, store, clock, registry, config } = deps;
  const log = deps.log.child({ room: 'slack' });
  const budget = createRateBudget(clock);
  const talk = counted(apis.talk, budget);
  const poster = createPoster({ api: talk, clock, log });
  const answerer = createAnswerer({ api: talk, clock, log, metrics: deps.metrics, registry });
  const desk = createStartDesk({ service, store, authorizer, api: talk, poster, answerer, clock, log });
  const publisher = createPublisher({
    api: apis.publish,
    poster,
    service,
    store,
    budget,
    clock,
    log,
  });
  const thread = createThread({
    poster,
    approving: config,
    service,
    store,
    clock,
    log,
    gone: (id) => publisher.refresh(id),
  });
  const links = createLinks({ api: apis.talk, clock, log, found: () => home.stale() });
  const home: HomeDesk = createHomeDesk({
    api: apis.talk,
    service,
    authorizer,
    links,
    approveOwn: config.selfApproval,
    hasSettings: deps.settings !== undefined,
    clock,
    log,
  });
  const handouts = createHandouts({
    service,
    uploader: createUploader({ api: apis.talk, clock, metrics: deps.metrics }),
    people: createPeople({ api: apis.talk }),
    draw: deps.draw ?? createPngDrawer(clock),
    poster,
    registry,
    store,
    clock,
    log,
    gone: (id) => publisher.refresh(id),
  });
  const connection = createConnection({
    config,
    clientOptions: () => clientOptions(deps),
    boltLogger: deps.boltLogger,
    clock,
    log,
    host: deps.httpHost,
  });
  const inFlight = createInFlight({ clock, log, registry });
  const stopping = new AbortController();
  let authenticated = false;
  let why = 'auth.test has not been answered yet.';
  let stopWatching: (() => void) | null = null;
  let stopped: Promise<void> | null = null;

  const app = new App({
    token: config.slack.botToken.reveal(),
    receiver: connection.receiver,
    clientOptions: clientOptions(deps),
    logger: deps.boltLogger,
    // Without it the App would set the logger back to its own default.
    logLevel: deps.boltLogger.getLevel(),
    deferInitialization: true,
    convoStore: false,
  });
  app.use(inFlight.middleware);
  const listenerDeps: ListenerDeps = {
    config,
    service,
    groups: deps.groups,
    authorizer,
    api: talk,
    answerer,
    desk,
    drafts: createDrafts(clock),
    publisher,
    home,
    links,
    settings: deps.settings,
    handouts,
    registry,
    clock,
    log,
  };
  commands.register(app, listenerDeps);
  actions.register(app, listenerDeps);
  views.register(app, listenerDeps);
  form.register(app, listenerDeps);
  shortcuts.register(app, listenerDeps);
  options.register(app, listenerDeps);
  events.register(app, listenerDeps);
  looking.register(app, listenerDeps);
  app.error(async (error) => {
    log.error({ err: error }, 'Bolt could not handle a request');
  });

  async function authenticate(): Promise<void> {
    for (let attempt = 1; !stopping.signal.aborted; attempt++) {
      try {
        await app.init();
        authenticated = true;
        return;
      } catch (error) {
        const code = slackCode(error);
        if (isHopeless(code)) throw new SlackSaysNoError(code, error);
        why = `Slack does not answer auth.test${code === '' ? '' : ` (${code})`}.`;
        log.warn({ attempt, code }, 'Slack does not answer auth.test');
        await clock.sleep(backoffMs(attempt, 30_000), stopping.signal);
      }
    }
  }

  async function replay(item: InboxItem): Promise<void> {
    try {
      const known = await desk.replay(item);
      if (!known) log.warn({ kind: item.kind }, 'the inbox holds a request of an unknown kind');
    } catch (error) {
      log.error({ err: error, request: item.id }, 'a request from before the restart failed');
    }
  }

  function changed(id: MigrationId): void {
    publisher.changed(id);
    thread.changed(id);
    home.changed(id);
    handouts.changed(id);
  }

  function watch(): void {
    if (stopWatching !== null || stopping.signal.aborted) return;
    stopWatching = service.onChange(changed);
    publisher.start();
    home.start();
  }

  async function shutDown(): Promise<void> {
    stopping.abort();
    desk.stop();
    inFlight.refuseNew();
    await inFlight.settled(GRACE.requestsMs);
    stopWatching?.();
    await Promise.all([
      publisher.stop(GRACE.statusesMs),
      thread.stop(GRACE.storiesMs),
      handouts.stop(GRACE.storiesMs),
      home.stop(),
    ]);
    await connection.close();
  }

  return {
    authorizer,
    async start() {
      watch();
      await authenticate();
      if (stopping.signal.aborted) return;
      try {
        await connection.open();
      } catch (error) {
        const code = slackCode(error);
        if (isHopeless(code)) throw new SlackSaysNoError(code, error);
        if (!stopping.signal.aborted) throw error;
      }
    },
    resume() {
      watch();
      for (const item of store.inbox()) inFlight.add(replay(item));
      for (const view of service.views('all')) {
        if (!hasEnded(view.phase) || !publisher.hasTold(view.id, view)) publisher.changed(view.id);
        if (!thread.isComplete(view.id)) thread.changed(view.id);
        if (!handouts.isComplete(view.id)) handouts.changed(view.id);
      }
      return Promise.resolve();
    },
    ready() {
      if (stopping.signal.aborted) return { ok: false, why: 'The bot is stopping.' };
      const problem = authenticated ? connection.problem() : why;
      return { ok: problem === null, why: problem };
    },
    staleMessages: () => publisher.staleSeconds(),
    port: () => connection.port(),
    stop() {
      stopped ??= shutDown();
      return stopped;
    },
  };
}

/** Slack counts every `chat.update`, whoever sends it. */
function counted(api: SlackApi, budget: RateBudget): SlackApi {
  return {
    call(method, args) {
      if (method === 'chat.update') budget.spend();
      return api.call(method, args);
    },
  };
}

/** Slack does not know the credentials, or they lack a scope. No use in trying again. */
export class SlackSaysNoError extends Error {
  readonly code: string;

  constructor(code: string, cause: unknown) {
    super(
      `Slack refuses the bot's credentials (${code}). Check SLACK_BOT_TOKEN and SLACK_APP_TOKEN, and that the app is installed.`,
      { cause },
    );
    this.name = 'SlackSaysNoError';
    this.code = code;
  }
}
