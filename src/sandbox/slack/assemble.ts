/** Options of the sandbox, and how its parts are put together. */
import { EventEmitter } from 'node:events';
import { type Clock, systemClock } from '../../clock.ts';
import type { ApiContext } from './api/method.ts';
import { Delivery } from './delivery.ts';
import { Faults } from './faults.ts';
import type { Parts } from './look.ts';
import { People } from './people.ts';
import { Rates } from './rates.ts';
import { SocketMode } from './socket-mode.ts';
import { Tickets } from './tickets.ts';
import { Views } from './views.ts';
import { waitFor } from './wait.ts';
import { WebApi } from './web-api.ts';
import { Workspace } from './workspace.ts';

export const ANA = 'U00000ANA1';
export const BEN = 'U00000BEN1';
export const EVE = 'U00000EVE1';
export const MIGRATIONS = 'C0000MIGR1';

/** Those of the manifest. */
export const DEFAULT_SCOPES = [
  'commands',
  'chat:write',
  'chat:write.public',
  'files:write',
  'users:read',
  'usergroups:read',
  'channels:history',
  'groups:history',
] as const;

export interface SandboxSlackOptions {
  /** 0 unless told: any free one. */
  readonly port?: number;
  readonly botToken?: string;
  readonly appToken?: string;
  readonly signingSecret?: string;
  /** URL of the bot's `POST /slack/events`; without it, Socket Mode. */
  readonly httpTarget?: string;
  /** Every Web API call takes this long. */
  readonly latencyMs?: number;
  /** Bot scopes; those of the manifest unless told. */
  readonly scopes?: readonly string[];
  /** Answer 429 above Slack's published rates. They are counted in any case. */
  readonly enforceRates?: boolean;
  readonly clock?: Clock;
}

export interface AllParts extends Parts {
  readonly tickets: Tickets;
  readonly faults: Faults;
  readonly uploads: ApiContext['uploads'];
}

export interface Credentials {
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
}

export function makeCredentials(options: SandboxSlackOptions): Credentials {
  const random = (bytes: number) => Buffer.from((options.clock ?? systemClock).randomBytes(bytes)).toString('hex');
  return {
    botToken: options.botToken ?? `xoxb-sandbox-${random(12)}`,
    appToken: options.appToken ?? `xapp-sandbox-${random(12)}`,
    signingSecret: options.signingSecret ?? random(16),
  };
}

/** `origin` is asked only once the server listens; `describe` only when somebody waited in vain. */
export function assemble(
  options: SandboxSlackOptions,
  credentials: Credentials,
  late: { readonly origin: () => string; readonly describe: () => string },
): AllParts {
  const { origin, describe } = late;
  const clock = options.clock ?? systemClock;
  const events = new EventEmitter().setMaxListeners(0);
  const workspace = new Workspace(clock, (change) => events.emit('change', change));
  const views = new Views(workspace);
  const tickets = new Tickets(clock);
  const faults = new Faults();
  const rates = new Rates(clock, options.enforceRates ?? false);
  const sockets = new SocketMode(workspace);
  const delivery = new Delivery(workspace, sockets, credentials.signingSecret);
  delivery.httpTarget = options.httpTarget ?? null;
  const uploads: ApiContext['uploads'] = new Map();
  const subscribe = (listener: () => void) => {
    events.on('change', listener).on('call', listener);
    return () => void events.off('change', listener).off('call', listener);
  };
  const wait: Parts['waitFor'] = (look, waitOptions) => waitFor({ subscribe, describe }, look, waitOptions);
  const people = new People({ workspace, views, tickets, delivery, origin, waitFor: wait });
  const newSocketUrl = () =>
    `${origin().replace('http:', 'ws:')}/link/?ticket=${sockets.newTicket()}&app_id=${workspace.appId}`;
  const scopes = new Set(options.scopes ?? DEFAULT_SCOPES);
  const context = { workspace, views, tickets, scopes, origin, newSocketUrl, uploads };
  const onCall = (call: unknown) => void events.emit('call', call);
  const api = new WebApi({ ...credentials, context, faults, rates, onCall });
  if (options.latencyMs !== undefined) faults.setLatency(options.latencyMs, '*');
  workspace.addUser({ id: ANA, name: 'ana' });
  workspace.addUser({ id: BEN, name: 'ben' });
  workspace.addUser({ id: EVE, name: 'eve' });
  workspace.addChannel({ id: MIGRATIONS, name: 'migrations' });
  return { events, workspace, views, tickets, faults, rates, sockets, delivery, people, api, uploads, waitFor: wait };
}
