/**
 * Wrong input of every kind answers with a sentence that names the thing and the remedy, changes nothing on any server,
 * and starts nothing. And whatever people type or put into files, no password comes out: not in Slack, not in the log,
 * not in the journal, not in what the admin server says.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { ANA, BEN, EVE, MIGRATIONS, type SandboxSlack, startSandboxSlack } from '../../src/sandbox/slack/index.ts';
import { type BotProcess, createBot } from '../support/bot-process.ts';
import { crewOf } from '../support/people.ts';
import { settingsOf } from '../support/servers.ts';

const SECRETS = {
  old: 'Old-Side+Pass/word=1',
  new: 'new side "quoted" pässword',
  typed: 'typed-by-mistake-42',
  masterauth: 'masterauth-of-long-ago',
  signing: 'the-signing-secret-of-the-app',
};

let fleet: Fleet;
let slack: SandboxSlack;
let bot: BotProcess;
let servers: RedisServerHandle[];

const at = (index: number) => `127.0.0.1:${servers[index]?.port}`;
const state = () =>
  Promise.all(
    servers.map(async (one) => [
      await settingsOf(one),
      (await one.info('replication'))['role'],
      await one.call('DBSIZE'),
    ]),
  );

beforeAll(async () => {
  fleet = await startFleet();
  const config = { 'repl-diskless-sync-delay': '0' };
  servers = await Promise.all([
    fleet.server({ requirepass: SECRETS.old, config }),
    fleet.server({ requirepass: SECRETS.new, config }),
    fleet.server({ config }),
    fleet.server({ config }),
  ]);
  await servers[1]?.config('masterauth', SECRETS.masterauth);
  await fill(servers[0] as RedisServerHandle, { keys: 300 });
  slack = await startSandboxSlack({ signingSecret: SECRETS.signing });
  const passwordFile = join(fleet.dir, 'new-password');
  await writeFile(passwordFile, `${SECRETS.new}\n`);
  const inventory = join(fleet.dir, 'inventory.yaml');
  await writeFile(
    inventory,
    `groups:\n  orders-old:\n    - url: redis://${at(0)}\n      password: env:ORDERS_OLD\n  orders-new:\n    - url: redis://${at(1)}\n      password: file:${passwordFile}\n`,
  );
  bot = await createBot({
    slack,
    mode: 'http',
    env: {
      INVENTORY_FILE: inventory,
      ORDERS_OLD: SECRETS.old,
      LOG_LEVEL: 'trace',
      REQUESTERS: `${ANA},${BEN}`,
      APPROVERS: BEN,
      DEBUG: 'ioredis:*',
    },
  });
  await bot.start();
});

afterAll(async () => {
  await bot?.close();
  await slack?.close();
  await fleet?.close();
});

async function answerTo(text: string, user = ANA): Promise<string> {
  const interaction = await slack.command({ user, channel: MIGRATIONS, text });
  expect(interaction.ackMs).not.toBeNull();
  await interaction.ephemeral('');
  return interaction.ephemerals.map((one) => `${one.text}\n${JSON.stringify(one.blocks)}`).join('\n');
}

const WRONG: readonly (readonly [() => string, RegExp])[] = [
  [() => `start --src ${at(2)} ${at(3)} --dst ${at(1)}`, /2 sources and 1 destination.*as many of both/s],
  [() => `start --src ${at(2)} ${at(2)} --dst ${at(3)} ${at(1)}`, /127\.0\.0\.1:\d+ is given twice/],
  [() => `start --src ${at(2)} --dst ${at(2)}`, /is both a source and a destination/],
  [() => 'start', /from where to where/],
  [() => `start --src ${at(2)}`, /new servers are missing/],
  [() => `start --src ${at(2)} --dst 10.9.8.7:6379`, /10\.9\.8\.7:6379 is outside ALLOWED_HOSTS/],
  [() => `start --src ${at(2)} --dst http://${at(3)}`, /redis:\/\/ and rediss:\/\//],
  [() => `start --src ${at(2)} --dst 127.0.0.1:99999`, /port/],
  [
    () => `start --src redis://:${encodeURIComponent(SECRETS.typed)}@${at(2)} --dst ${at(3)}`,
    /password must not be typed in Slack.*inventory/s,
  ],
  [() => `start --src redis://bob:${SECRETS.typed}@${at(2)} --dst ${at(3)}`, /password must not be typed in Slack/],
  [() => `start --src ${at(2)} --dst ${at(3)} --cutover sudden`, /fenced.*overlap/s],
  [() => `start --src ${at(2)} --dst ${at(3)} --frce`, /--frce/],
  [() => 'start orders-odl orders-new', /orders-odl/],
  [() => 'strat x y', /start/],
  [() => 'status m-0000', /m-0000/],
  [() => 'abort m-0000', /m-0000/],
  [() => 'approve m-0000 continue', /m-0000/],
];

describe('wrong input', () => {
  test.for(WRONG)('%# is refused in words', async ([text, expected]) => {
    const before = await state();
    const typed = text();
    expect(await answerTo(typed)).toMatch(expected);
    expect(await bot.migrations()).toEqual([]);
    expect(await state()).toEqual(before);
  });

  test('somebody who may not start is told who may, and nothing is started', async () => {
    expect(await answerTo(`start --src ${at(2)} --dst ${at(3)}`, EVE)).toContain(`<@${ANA}>`);
    expect(await bot.migrations()).toEqual([]);
  });
});

test('a migration with passwords on both sides runs to its end, and no secret is anywhere', async () => {
  const crew = crewOf(slack, bot);
  await slack.command({ user: ANA, channel: MIGRATIONS, text: 'start orders-old orders-new --name orders' });
  const [first] = await until(async () => {
    const all = await bot.migrations();
    return all.length > 0 ? all : null;
  });
  const id = first?.id ?? '';
  // A server of an unfinished migration is refused, and who has it is named.
  expect(await answerTo(`start --src ${at(0)} --dst ${at(3)}`)).toContain(id);

  await crew.phase(id, 'planned');
  const refused = await slack.command({ user: EVE, channel: MIGRATIONS, text: `approve ${id} continue` });
  await refused.ephemeral(BEN);
  await crew.pass(id, 'continue');
  await crew.phase(id, 'streaming');
  await crew.pass(id, 'switch');
  await crew.phase(id, 'switched');
  await crew.pass(id, 'finish');
  const finished = await crew.phase(id, 'finished');
  expect(await servers[1]?.call('CONFIG', 'GET', 'masterauth')).toEqual(['masterauth', SECRETS.masterauth]);

  const metrics = await (await bot.admin('/metrics')).text();
  const admin = `${JSON.stringify(finished)}${JSON.stringify(await bot.migrations())}${metrics}`;
  const said = JSON.stringify([
    slack.apiCalls,
    slack.messages(MIGRATIONS),
    ...[ANA, BEN, EVE].map((user) => slack.ephemerals(user)),
  ]);
  expect(await bot.stop()).toBe(0);
  const journal = await bot.state();
  const places = { Slack: said, log: bot.output(), journal, admin };
  for (const [place, text] of Object.entries(places)) {
    expect(text.length, place).toBeGreaterThan(1_000);
    for (const secret of [...Object.values(SECRETS), slack.botToken]) {
      for (const form of [
        secret,
        encodeURIComponent(secret),
        JSON.stringify(secret).slice(1, -1),
        Buffer.from(secret).toString('base64'),
      ]) {
        expect(text.includes(form), `${place} holds a secret`).toBe(false);
      }
    }
  }
});
