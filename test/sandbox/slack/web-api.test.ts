import { WebClient } from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ANA,
  BEN,
  DEFAULT_SCOPES,
  MIGRATIONS,
  type SandboxSlack,
  startSandboxSlack,
} from '../../../src/sandbox/slack/index.ts';
import { errorOf, quiet, section } from './bolt-bot.ts';

let slack: SandboxSlack;
let web: WebClient;

beforeEach(async () => {
  slack = await startSandboxSlack();
  web = clientWith(slack.botToken);
});

afterEach(() => slack.close());

function clientWith(token?: string, at = slack): WebClient {
  return new WebClient(token, {
    slackApiUrl: at.apiUrl,
    logger: quiet,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  });
}

async function post(text = 'hello'): Promise<string> {
  const { ts } = await web.chat.postMessage({ channel: MIGRATIONS, text });
  return ts ?? '';
}

describe('who may ask', () => {
  test('tokens', async () => {
    expect(await web.auth.test()).toMatchObject({
      ok: true,
      user_id: slack.botUserId,
      team_id: slack.teamId,
      is_enterprise_install: false,
    });
    expect(await errorOf(clientWith().auth.test())).toBe('not_authed');
    expect(await errorOf(clientWith('xoxb-wrong').auth.test())).toBe('invalid_auth');
    expect(await errorOf(clientWith(slack.appToken).chat.postMessage({ channel: MIGRATIONS, text: 'x' }))).toBe(
      'not_allowed_token_type',
    );
    expect(await errorOf(web.apps.connections.open())).toBe('not_allowed_token_type');
    expect(await errorOf(web.apiCall('chat.shout'))).toBe('unknown_method');
  });

  test('scopes: a missing one is named, with those that there are', async () => {
    const poor = await startSandboxSlack({ scopes: ['commands', 'chat:write'] });
    const client = clientWith(poor.botToken, poor);
    await expect(client.users.info({ user: ANA })).rejects.toMatchObject({
      data: { error: 'missing_scope', needed: 'users:read', provided: 'commands,chat:write' },
    });
    expect(await errorOf(client.conversations.history({ channel: MIGRATIONS }))).toBe('missing_scope');
    poor.setBotMembership(MIGRATIONS, false);
    expect(await errorOf(client.chat.postMessage({ channel: MIGRATIONS, text: 'x' }))).toBe('not_in_channel');
    await poor.close();
    expect(DEFAULT_SCOPES).not.toContain('channels:read');
    expect(await errorOf(web.conversations.info({ channel: MIGRATIONS }))).toBe('missing_scope');
    expect(await errorOf(web.reactions.add({ channel: MIGRATIONS, timestamp: '1.0', name: 'eyes' }))).toBe(
      'missing_scope',
    );
  });
});

describe('messages', () => {
  test('what is refused, by its code', async () => {
    slack.addChannel({ id: 'C0000000OLD', name: 'old', archived: true });
    slack.addChannel({ id: 'C0000SECRET', name: 'secret', private: true, botIsMember: false });
    slack.addChannel({ id: 'C000000OPEN', name: 'open', botIsMember: false });
    const postTo = (channel: string) => errorOf(web.chat.postMessage({ channel, text: 'x' }));
    expect(await postTo('C000NOWHERE')).toBe('channel_not_found');
    expect(await postTo('C0000SECRET')).toBe('channel_not_found');
    expect(await postTo('C0000000OLD')).toBe('is_archived');
    expect(await postTo('C000000OPEN')).toBe('ok');
    expect(await postTo('#migrations')).toBe('ok');
    expect(await errorOf(web.conversations.history({ channel: 'C000000OPEN' }))).toBe('not_in_channel');
    expect(await errorOf(web.chat.postEphemeral({ channel: 'C000000OPEN', user: ANA, text: 'x' }))).toBe(
      'not_in_channel',
    );
    expect(await errorOf(web.chat.postEphemeral({ channel: MIGRATIONS, user: 'U000NOBODY', text: 'x' }))).toBe(
      'user_not_in_channel',
    );
    expect(await errorOf(web.chat.postMessage({ channel: MIGRATIONS, text: '' }))).toBe('no_text');
    expect(await errorOf(web.chat.postMessage({ channel: MIGRATIONS, text: 'x'.repeat(40_001) }))).toBe('msg_too_long');
    expect(await errorOf(web.apiCall('chat.postMessage', { channel: MIGRATIONS, text: 'x', blocks: 'no json' }))).toBe(
      'invalid_blocks_format',
    );
    expect(await errorOf(web.apiCall('chat.postMessage', { text: 'x' }))).toBe('invalid_arguments');
  });

  test('refused blocks say where and why', async () => {
    const call = web.chat.postMessage({
      channel: MIGRATIONS,
      text: 'x',
      blocks: [section('fine'), section('x'.repeat(3001))],
    });
    await expect(call).rejects.toMatchObject({
      data: {
        error: 'invalid_blocks',
        response_metadata: {
          messages: ['[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]'],
        },
      },
    });
  });

  test("only the bot's own messages can be changed, and only while they are there", async () => {
    const foreign = slack.say({ user: ANA, channel: MIGRATIONS, text: 'mine' }).ts;
    const update = (ts: string, text = 'new') => errorOf(web.chat.update({ channel: MIGRATIONS, ts, text }));
    const own = await post();
    expect(await update(foreign)).toBe('cant_update_message');
    expect(await errorOf(web.chat.delete({ channel: MIGRATIONS, ts: foreign }))).toBe('cant_delete_message');
    expect(await update('1.000000')).toBe('message_not_found');
    expect(await update(own, 'x'.repeat(4001))).toBe('msg_too_long');
    expect(await update(own)).toBe('ok');
    slack.archiveChannel(MIGRATIONS);
    expect(await update(own)).toBe('is_archived');
    slack.deleteMessage(MIGRATIONS, own);
    expect(await update(own)).toBe('message_not_found');
  });

  test('an update with text alone wipes the blocks; metadata stays until it is taken away', async () => {
    const metadata = { event_type: 'migration', event_payload: { id: 'm-7k3q' } };
    const { ts = '' } = await web.chat.postMessage({
      channel: MIGRATIONS,
      text: 'a',
      blocks: [section('a')],
      metadata,
    });
    await web.chat.update({ channel: MIGRATIONS, ts, text: 'b', blocks: [section('b')] });
    expect(slack.message(MIGRATIONS, ts)).toMatchObject({ text: 'b', blocks: [{ text: { text: 'b' } }], metadata });
    await web.chat.update({ channel: MIGRATIONS, ts, text: 'c' });
    expect(slack.message(MIGRATIONS, ts)).toMatchObject({ text: 'c', blocks: [], metadata });
    expect(slack.message(MIGRATIONS, ts)?.history.map((edit) => edit.text)).toEqual(['a', 'b']);
  });

  test('history and threads: order, broadcast, pages, metadata on request', async () => {
    const first = await post('first');
    const reply = { channel: MIGRATIONS, thread_ts: first };
    await web.chat.postMessage({ ...reply, text: 'quiet' });
    await web.chat.postMessage({ ...reply, text: 'loud', reply_broadcast: true });
    const metadata = { event_type: 'migration', event_payload: { id: 'm-7k3q' } };
    await web.chat.postMessage({ channel: MIGRATIONS, text: 'last', metadata });
    const history = await web.conversations.history({ channel: MIGRATIONS, limit: 2 });
    expect(history.messages?.map((one) => one.text)).toEqual(['last', 'loud']);
    expect(history.messages?.[0]).not.toHaveProperty('metadata');
    const cursor = history.response_metadata?.next_cursor ?? '';
    const rest = await web.conversations.history({ channel: MIGRATIONS, limit: 2, cursor });
    expect(rest.messages).toMatchObject([{ text: 'first', reply_count: 2 }]);
    expect(rest.has_more).toBe(false);
    const withMetadata = await web.conversations.history({
      channel: MIGRATIONS,
      include_all_metadata: true,
      oldest: first,
    });
    expect(withMetadata.messages?.[0]).toMatchObject({ text: 'last', metadata });
    expect(withMetadata.messages?.map((one) => one.text)).not.toContain('first');
    const replies = await web.conversations.replies({ channel: MIGRATIONS, ts: first });
    expect(replies.messages?.map((one) => one.text)).toEqual(['first', 'quiet', 'loud']);
    expect(await errorOf(web.conversations.replies({ channel: MIGRATIONS, ts: '1.000000' }))).toBe('thread_not_found');
    expect(slack.messages(MIGRATIONS).map((one) => one.text)).toEqual(['first', 'loud', 'last']);
    const { permalink } = await web.chat.getPermalink({ channel: MIGRATIONS, message_ts: first });
    expect(permalink).toBe(`https://sandbox.slack.com/archives/${MIGRATIONS}/p${first.replace('.', '')}`);
  });

  test('a JSON body is read like a form', async () => {
    const body = JSON.stringify({ channel: MIGRATIONS, text: 'json', blocks: [section('json')] });
    const headers = { authorization: `Bearer ${slack.botToken}`, 'content-type': 'application/json; charset=utf-8' };
    const answer = await fetch(`${slack.apiUrl}chat.postMessage`, { method: 'POST', headers, body });
    expect(await answer.json()).toMatchObject({ ok: true, message: { text: 'json' } });
  });

  test('people, groups, direct messages, files', async () => {
    slack.addUserGroup({ id: 'S0000000OPS', handle: 'ops', users: [ANA, BEN] });
    expect((await web.usergroups.users.list({ usergroup: 'S0000000OPS' })).users).toEqual([ANA, BEN]);
    expect(await errorOf(web.usergroups.users.list({ usergroup: 'S000NOTHERE' }))).toBe('no_such_subteam');
    expect((await web.users.info({ user: BEN })).user).toMatchObject({ name: 'ben', real_name: 'Ben', deleted: false });
    expect(await errorOf(web.users.info({ user: 'U000NOBODY' }))).toBe('user_not_found');
    const direct = await web.chat.postMessage({ channel: ANA, text: 'psst' });
    expect(direct.channel).toMatch(/^D/);
    const thread = await post();
    await web.filesUploadV2({
      channel_id: MIGRATIONS,
      thread_ts: thread,
      filename: 'shards.csv',
      content: 'a,b\r\n1,2\n',
      title: 'Shards',
    });
    expect(slack.files()).toMatchObject([
      { name: 'shards.csv', title: 'Shards', mimetype: 'text/csv', channel: MIGRATIONS, thread_ts: thread },
    ]);
    expect(slack.files()[0]?.content.toString()).toBe('a,b\r\n1,2\n');
    expect(slack.thread(MIGRATIONS, thread)).toHaveLength(2);
  });

  test('an upload is a picture byte for byte, and only what was announced', async () => {
    const bytes = Buffer.from(Array.from({ length: 5_000 }, (_, place) => (place * 7 + (place >> 5)) % 256));
    const picture = Buffer.concat([Buffer.from('\r\n--\r\n\r\n'), bytes]);
    await web.filesUploadV2({
      channel_id: MIGRATIONS,
      initial_comment: 'The lag of each shard',
      filename: 'lag.png',
      file: picture,
      alt_text: 'Lag falls to nothing',
    });
    const [file] = slack.files();
    expect(file).toMatchObject({ mimetype: 'image/png', filetype: 'png', alt: 'Lag falls to nothing' });
    expect(file?.content.equals(picture)).toBe(true);
    const { messages } = await web.conversations.history({ channel: MIGRATIONS });
    expect(messages?.[0]).toMatchObject({
      text: 'The lag of each shard',
      files: [{ id: file?.id, size: picture.length, mimetype: 'image/png', alt_txt: 'Lag falls to nothing' }],
    });

    const ask = (filename: string, length: number) => web.files.getUploadURLExternal({ filename, length });
    const send = async (url: string | undefined, body: string) =>
      (await fetch(url ?? '', { method: 'POST', body })).status;
    const { upload_url: url, file_id: id } = await ask('two.csv', 2);
    expect(await send(url, 'three')).toBe(404);
    const complete = (more: object) =>
      errorOf(web.files.completeUploadExternal({ files: [{ id: id ?? '' }], channel_id: MIGRATIONS, ...more }));
    expect(await complete({})).toBe('file_not_found');
    expect(await send(url, 'ab')).toBe(200);
    expect(await send(url, 'cd')).toBe(404);
    expect(await complete({ thread_ts: '1.000001' })).toBe('thread_not_found');
    expect(await complete({})).toBe('ok');
    expect(await complete({})).toBe('file_not_found');
    expect(await errorOf(ask('none.csv', 0))).toBe('invalid_arguments');
    expect(await errorOf(ask('all.csv', 2_000_000_000))).toBe('file_upload_size_restricted');
  });
});
