/** The real Slack room in a sandbox workspace that refuses what is above Slack's rates, and what is measured of it. */
import { type Logger, LogLevel } from '@slack/bolt';
import { systemClock } from '../../src/clock.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { MigrationService } from '../../src/engine/service.ts';
import { noLog, noMetrics, SecretRegistry } from '../../src/log.ts';
import { ANA, BEN, MIGRATIONS as CHANNEL, type SandboxSlack } from '../../src/sandbox/slack/index.ts';
import { createSlackApis, createSlackApp, type SlackApp } from '../../src/slack/app.ts';
import { createAuthorizer } from '../../src/slack/authorize.ts';
import type { Store } from '../../src/store/store.ts';

const quiet: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  setName() {},
  getLevel: () => LogLevel.ERROR,
};

export function createRoom(slack: SandboxSlack, service: MigrationService, store: Store): SlackApp {
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
  const registry = new SecretRegistry();
  const shared = { config, clock: systemClock, metrics: noMetrics, registry, boltLogger: quiet };
  const apis = createSlackApis(shared);
  const authorizer = createAuthorizer({ config, api: apis.talk, clock: systemClock, log: noLog });
  return createSlackApp({ ...shared, apis, authorizer, service, store, log: noLog });
}

/** A message of the bot for each, as it stands before the first update. */
export async function postMessages(slack: SandboxSlack, count: number): Promise<string[]> {
  const ts: string[] = [];
  for (let place = 0; place < count; place++) {
    const response = await fetch(`${slack.apiUrl}chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${slack.botToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channel: CHANNEL, text: `Message ${place}` }),
    });
    const answer = (await response.json()) as { ts?: string };
    if (answer.ts !== undefined) ts.push(answer.ts);
    await systemClock.sleep(1_100);
  }
  return ts;
}

export interface Figures {
  readonly ages: { readonly near: number[]; readonly others: number[] };
  readonly acks: { readonly commands: number[]; readonly clicks: number[] };
  unacknowledged: number;
}

export function newFigures(): Figures {
  return { ages: { near: [], others: [] }, acks: { commands: [], clicks: [] }, unacknowledged: 0 };
}

/** One command and one click of this second: a button that changes nothing is not there, so it is the one that asks. */
export async function act(
  slack: SandboxSlack,
  message: { readonly id: string; readonly ts: string },
  second: number,
  figures: Figures,
): Promise<void> {
  const count = (list: number[], ackMs: number | null) => {
    if (ackMs === null) figures.unacknowledged += 1;
    else list.push(ackMs);
  };
  const text = second % 2 === 0 ? 'list' : `status ${message.id}`;
  const command = slack.command({ user: ANA, channel: CHANNEL, text });
  const shown = slack.message(CHANNEL, message.ts);
  const [button] = slack.buttons({ blocks: shown?.blocks ?? [] });
  const { action_id: actionId = '', value = '' } = button?.element ?? {};
  const click = button
    ? slack.click({
        user: BEN,
        channel: CHANNEL,
        ts: message.ts,
        stale: { blockId: button.blockId, actionId, value: outdated(value) },
      })
    : null;
  count(figures.acks.commands, (await command).ackMs);
  if (click !== null) count(figures.acks.clicks, (await click).ackMs);
}

/** The value of a button of an earlier phase: the click is journalled and refused. */
function outdated(value: string): string {
  return value.replace(/\.\d+\./, '.1.');
}

export function report(
  slack: SandboxSlack,
  facts: Readonly<Record<string, string | number>>,
  { ages, acks, unacknowledged }: Figures,
): void {
  const updates = slack.rates().find(({ name }) => name === 'chat.update');
  const at = (values: readonly number[], share: number) => {
    const sorted = values.toSorted((a, b) => a - b);
    return Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1));
  };
  const result = {
    ...facts,
    updates: updates?.total ?? 0,
    mostUpdatesInAMinute: updates?.most ?? 0,
    refusedByRate: slack.apiCalls.filter(({ outcome }) => outcome === 'ratelimited').length,
    ...(ages.near.length > 0 ? { oldestNearestSeconds: at(ages.near, 1) } : {}),
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
