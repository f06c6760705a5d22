/**
 * `emulate` from npm: a Web API by others. It has no clicks and no slash commands, so they are sent here, signed as
 * Slack signs them, with response URLs of our own; what the bot said is read back by conversations.history.
 */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebClient } from '@slack/web-api';
import { createEmulator } from 'emulate';
import { Secret } from '../../../src/domain/secret.ts';
import { freePort } from '../../../src/sandbox/redis/ports.ts';
import { DEFAULT_SCOPES } from '../../../src/sandbox/slack/index.ts';
import { buttonsOf, type Done, readMetadata, type Said, type World } from './world.ts';

const SIGNING_SECRET = 'a-signing-secret-of-the-story';
const BOT_TOKEN = 'xoxb-story-bot';
const READER_TOKEN = 'xoxp-story-reader';
const APP = 'A0000STORY';
const BOT_USER = 'U0000STORY';
const BOT = 'B0000STORY';
const TEAM = { id: 'T000000001', domain: 'emulate' };
/** Channels that are always there. */
const GENERAL = 'C000000001';
const RANDOM = 'C000000002';

export async function emulateWorld(): Promise<World> {
  const emulator = await createEmulator({
    service: 'slack',
    port: await freePort(),
    seed: {
      slack: {
        users: [{ name: 'ana' }, { name: 'ben' }],
        oauth_apps: [
          {
            app_id: APP,
            client_id: '1.1',
            client_secret: 'unused',
            name: 'redis-migrate',
            redirect_uris: [],
            scopes: [...DEFAULT_SCOPES],
            bot_id: BOT,
            bot_user_id: BOT_USER,
          },
        ],
        tokens: [
          { token: BOT_TOKEN, type: 'bot', user_id: BOT_USER, bot_id: BOT, app_id: APP, scopes: [...DEFAULT_SCOPES] },
          { token: READER_TOKEN, user_id: 'U000000001', app_id: APP },
        ],
        strict_scopes: true,
      },
    },
  });
  const apiUrl = `${emulator.url}/api/`;
  const reader = new WebClient(READER_TOKEN, { slackApiUrl: apiUrl });
  const { members = [] } = await reader.users.list({});
  const idOf = (name: string) => members.find((one) => one.name === name)?.id ?? '';
  const answers = new Map<string, Said[]>();
  let target = '';
  let count = 0;

  /** Slack's side of the response URLs. */
  const responses = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      keep(request.url ?? '', JSON.parse(body) as Record<string, unknown>);
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => responses.listen(0, '127.0.0.1', resolve));
  const { port } = responses.address() as AddressInfo;

  function keep(path: string, { text, blocks }: Record<string, unknown>): void {
    const ts = `${path}#${answers.get(path)?.length ?? 0}`;
    const one = { ts, text: String(text), blocks: Array.isArray(blocks) ? (blocks as unknown[]) : [], metadata: null };
    answers.set(path, [...(answers.get(path) ?? []), one]);
  }

  async function send(fields: Readonly<Record<string, string>>, path: string): Promise<Done> {
    const body = new URLSearchParams(fields).toString();
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', SIGNING_SECRET).update(`v0:${timestamp}:${body}`).digest('hex');
    const response = await fetch(target, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': timestamp,
        'x-slack-signature': `v0=${signature}`,
      },
    });
    const text = await response.text();
    if (text.startsWith('{')) keep(path, JSON.parse(text) as Record<string, unknown>);
    return { acknowledged: response.ok, answers: () => answers.get(path) ?? [] };
  }

  async function triggerFor(user: string): Promise<string> {
    const bot = new WebClient(BOT_TOKEN, { slackApiUrl: apiUrl });
    const result = await bot.apiCall('views.generateTriggerId', { user_id: user });
    return String((result as { trigger_id?: unknown }).trigger_id);
  }

  function newPath(): string {
    count += 1;
    return `/response/${count}`;
  }

  const said = (message: Record<string, unknown>): Said => ({
    ts: String(message['ts']),
    text: String(message['text']),
    blocks: Array.isArray(message['blocks']) ? (message['blocks'] as unknown[]) : [],
    metadata: readMetadata(message['metadata']),
  });

  return {
    slack: {
      botToken: new Secret(BOT_TOKEN),
      mode: { kind: 'http', signingSecret: new Secret(SIGNING_SECRET), port: 0 },
      apiUrl,
    },
    channel: GENERAL,
    elsewhere: RANDOM,
    ana: idOf('ana'),
    ben: idOf('ben'),
    connect: (at) => {
      target = `http://127.0.0.1:${at}/slack/events`;
    },
    async command(user, channel, text) {
      const path = newPath();
      const fields = {
        team_id: TEAM.id,
        team_domain: TEAM.domain,
        channel_id: channel,
        channel_name: 'general',
        user_id: user,
        user_name: 'somebody',
        command: '/redis-migrate',
        text,
        api_app_id: APP,
        is_enterprise_install: 'false',
        response_url: `http://127.0.0.1:${port}${path}`,
        trigger_id: await triggerFor(user),
      };
      return send(fields, path);
    },
    async press(user, channel, message, actionId) {
      const button = buttonsOf(message).find((one) => one.actionId === actionId);
      if (!button) throw new Error(`There is no button ${actionId} to press.`);
      const path = newPath();
      const isEphemeral = message.ts.includes('#');
      const payload = {
        type: 'block_actions',
        team: TEAM,
        user: { id: user, username: 'somebody', name: 'somebody', team_id: TEAM.id },
        api_app_id: APP,
        container: { type: 'message', message_ts: message.ts, channel_id: channel, is_ephemeral: isEphemeral },
        channel: { id: channel, name: 'general' },
        ...(isEphemeral
          ? {}
          : { message: { type: 'message', ts: message.ts, text: message.text, blocks: message.blocks } }),
        state: { values: {} },
        response_url: `http://127.0.0.1:${port}${path}`,
        trigger_id: await triggerFor(user),
        actions: [
          {
            type: 'button',
            action_id: button.actionId,
            block_id: button.blockId,
            value: button.value,
            text: { type: 'plain_text', text: button.text, emoji: true },
            action_ts: `${Math.floor(Date.now() / 1000)}.000000`,
          },
        ],
      };
      return send({ payload: JSON.stringify(payload) }, path);
    },
    async history() {
      const { messages = [] } = await reader.conversations.history({ channel: GENERAL, limit: 1_000 });
      return messages.map((one) => said(one as Record<string, unknown>)).toReversed();
    },
    async replies(ts) {
      const { messages = [] } = await reader.conversations.replies({ channel: GENERAL, ts, limit: 1_000 });
      return messages.slice(1).map((one) => said(one as Record<string, unknown>));
    },
    async close() {
      await emulator.close();
      await new Promise((resolve) => responses.close(resolve));
    },
  };
}
