/** The inventory is changed while the bot runs and while a migration does, and SIGHUP makes the bot read it again. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Fleet, startFleet } from '../../src/sandbox/redis/fleet.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { ANA, MIGRATIONS, type SandboxSlack, startSandboxSlack } from '../../src/sandbox/slack/index.ts';
import { type BotProcess, createBot } from '../support/bot-process.ts';
import { crewOf } from '../support/people.ts';
import { type Pairs, startPairs } from '../support/servers.ts';

let fleet: Fleet;
let pairs: Pairs;
let slack: SandboxSlack;
let bot: BotProcess;

beforeAll(async () => {
  fleet = await startFleet();
  pairs = await startPairs(fleet, 2);
  slack = await startSandboxSlack();
});

afterEach(() => bot.close());

afterAll(async () => {
  await slack?.close();
  await fleet?.close();
});

const file = () => join(fleet.dir, 'inventory.yaml');
const url = (side: keyof Pairs, index: number) => `redis://127.0.0.1:${pairs[side][index]?.port}`;
const write = (text: string) => writeFile(file(), text);
const pair = (name: string, index: number) =>
  `  ${name}-old: [{ url: "${url('sources', index)}" }]\n  ${name}-new: [{ url: "${url('destinations', index)}" }]\n`;

async function answerTo(text: string): Promise<string> {
  const interaction = await slack.command({ user: ANA, channel: MIGRATIONS, text });
  await interaction.ephemeral('');
  return interaction.ephemerals.map((one) => one.text).join('\n');
}

async function started(text: string): Promise<string> {
  const known = (await bot.migrations()).map((one) => one.id);
  await slack.command({ user: ANA, channel: MIGRATIONS, text });
  const fresh = await until(async () => (await bot.migrations()).find((one) => !known.includes(one.id)));
  return fresh.id;
}

/** Lines of the log from now on that have this message. */
async function logged(message: string, count: number): Promise<readonly Record<string, unknown>[]> {
  const lines = () =>
    bot
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line['msg'] === message);
  await until(() => lines().length >= count, { what: `${count} times: ${message}` });
  return lines();
}

test('a wrong file keeps the old one, a good one counts at once, and a migration keeps its servers', async () => {
  await write(`groups:\n${pair('orders', 0)}`);
  bot = await createBot({ slack, mode: 'socket', env: { INVENTORY_FILE: file() } });
  await bot.start();
  const crew = crewOf(slack, bot);
  expect(await answerTo('start users-old users-new')).toContain('users-old');

  await write(`groups:\n${pair('users', 1)}  broken: [{ url: x, passwort: hunter2-planted }, { url: "http://y" }]\n`);
  bot.hangUp();
  const warnings = await logged('The new inventory has a mistake; the old one stays', 2);
  expect(warnings.map((one) => one['problem'])).toEqual([
    expect.stringMatching(/^Group broken, server 1: unknown key "passwort"/),
    expect.stringMatching(/^Group broken, server 2: the url is wrong/),
  ]);
  const id = await started('start orders-old orders-new');
  await crew.phase(id, 'planned');

  await write(`groups:\n${pair('users', 1)}`);
  bot.hangUp();
  expect(await logged('The inventory was read again', 1)).toEqual([expect.objectContaining({ groups: 2, servers: 2 })]);
  expect(await answerTo('check orders-old orders-new')).toContain('orders-old');
  const second = await started('start users-old users-new');
  await crew.phase(second, 'planned');
  // Its group is gone; its plan is not.
  await crew.pass(id, 'continue');
  await crew.phase(id, 'streaming');
  expect(bot.output()).not.toContain('hunter2');
  expect(await bot.stop()).toBe(0);
});

test('without an inventory it is only said that there is none', async () => {
  bot = await createBot({ slack, mode: 'socket' });
  await bot.start();
  bot.hangUp();
  await logged('There is no inventory to read again: INVENTORY_FILE is not set', 1);
  expect((await bot.admin('/livez')).ok).toBe(true);
  expect(await bot.stop()).toBe(0);
});
