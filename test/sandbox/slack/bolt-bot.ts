/** A real Bolt app against the sandbox, in either mode, for the tests of the sandbox itself. */
import type { AddressInfo } from 'node:net';
import { App, HTTPReceiver, type Logger, LogLevel, SocketModeReceiver } from '@slack/bolt';
import type { Button, ModalView, SectionBlock } from '@slack/types';
import type { SandboxSlack } from '../../../src/sandbox/slack/index.ts';

export type Mode = 'socket' | 'http';

export interface Bot {
  readonly app: App;
  readonly receiver: SocketModeReceiver | HTTPReceiver;
  /** Where it listens; null in Socket Mode. */
  readonly url: string | null;
  stop(): Promise<void>;
}

const nothing = () => {};
/** What the libraries say about the failures that these tests provoke is no news. */
export const quiet: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  getLevel: () => LogLevel.ERROR,
  setName: nothing,
};

export async function startBot(
  slack: SandboxSlack,
  mode: Mode,
  listeners: (app: App) => void,
  reconnectMs = 5_000,
): Promise<Bot> {
  const clientOptions = { slackApiUrl: slack.apiUrl };
  const receiver =
    mode === 'socket'
      ? new SocketModeReceiver({
          appToken: slack.appToken,
          logger: quiet,
          installerOptions: { clientOptions: { ...clientOptions } },
          // Also the wait before a reconnect. Far less, and a busy machine loses connections for want of a pong.
          clientPingTimeout: reconnectMs,
        })
      : new HTTPReceiver({ signingSecret: slack.signingSecret, logger: quiet, endpoints: '/slack/events' });
  const app = new App({ token: slack.botToken, receiver, clientOptions, logger: quiet, deferInitialization: true });
  listeners(app);
  await app.init();
  if (receiver instanceof HTTPReceiver) {
    const server = await receiver.start({ port: 0, host: '127.0.0.1' });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events`;
    slack.setHttpTarget(url);
    return { app, receiver, url, stop: () => receiver.stop() };
  }
  await receiver.start();
  const stop = async () => {
    // socket-mode 3.1.0: after a failed reconnect the 'disconnected' of the end rejects a promise that nobody holds.
    receiver.client.removeAllListeners('disconnected');
    await receiver.client.disconnect();
  };
  return { app, receiver, url: null, stop };
}

export function section(text: string): SectionBlock {
  return { type: 'section', text: { type: 'mrkdwn', text } };
}

export function button(actionId: string, label: string, value: string): Button {
  return { type: 'button', action_id: actionId, text: { type: 'plain_text', text: label }, value };
}

export function form(title: string, more: Partial<ModalView> = {}): ModalView {
  return {
    type: 'modal',
    callback_id: 'form',
    private_metadata: 'm-7k3q',
    title: { type: 'plain_text', text: title },
    submit: { type: 'plain_text', text: 'Go' },
    blocks: [
      {
        type: 'input',
        block_id: 'name',
        label: { type: 'plain_text', text: 'Name' },
        element: { type: 'plain_text_input', action_id: 'name' },
      },
    ],
    ...more,
  };
}

/** Slack's error code of a call that was refused; `ok` when it wasn't. */
export async function errorOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'ok',
    (error: { data?: { error?: string }; message: string }) => error.data?.error ?? error.message,
  );
}
