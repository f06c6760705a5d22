/** A Slack workspace as the story needs it: what people do, and what is to be read. Two of them: our sandbox, and `emulate`. */
import type { Config } from '../../../src/config.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { MIGRATIONS, type SandboxMessage, type SandboxSlack } from '../../../src/sandbox/slack/index.ts';

export interface Said {
  readonly ts: string;
  readonly text: string;
  readonly blocks: readonly unknown[];
  /** Which migration it is about, and in the thread how far it tells. */
  readonly metadata: { readonly type: string; readonly migration: string; readonly seq: number } | null;
}

/** What came of a command or a click: answers to the person alone, newest last. */
export interface Done {
  readonly acknowledged: boolean;
  answers(): readonly Said[];
}

export interface World {
  readonly slack: Config['slack'];
  readonly channel: string;
  readonly elsewhere: string;
  readonly ana: string;
  readonly ben: string;
  /** Where the bot listens, in HTTP mode. */
  connect(port: number | null): void;
  command(user: string, channel: string, text: string): Promise<Done>;
  /** Presses a button of a message, or of an answer to this person alone. */
  press(user: string, channel: string, said: Said, actionId: string): Promise<Done>;
  /** What stands in the channel, oldest first, without what is only in threads. */
  history(): Promise<readonly Said[]>;
  replies(ts: string): Promise<readonly Said[]>;
  close(): Promise<void>;
}

export interface Button {
  readonly blockId: string;
  readonly actionId: string;
  readonly value: string;
  readonly text: string;
}

export function buttonsOf(said: Pick<Said, 'blocks'>): readonly Button[] {
  return said.blocks.flatMap((block) => {
    const { type, block_id: blockId, elements } = block as { type?: string; block_id?: string; elements?: unknown[] };
    if (type !== 'actions') return [];
    return (elements ?? []).map((element) => {
      const one = element as { action_id?: string; value?: string; text?: { text?: string } };
      return {
        blockId: blockId ?? '',
        actionId: one.action_id ?? '',
        value: one.value ?? '',
        text: one.text?.text ?? '',
      };
    });
  });
}

export function readMetadata(metadata: unknown): Said['metadata'] {
  const { event_type: type, event_payload: payload } = (metadata ?? {}) as {
    event_type?: string;
    event_payload?: { migration?: string; seq?: number };
  };
  return type === undefined ? null : { type, migration: payload?.migration ?? '', seq: payload?.seq ?? 0 };
}

const ELSEWHERE = 'C0000OTHR1';

export function sandboxWorld(sandbox: SandboxSlack, mode: 'socket' | 'http'): World {
  const [ana, ben] = sandbox.users().filter((one) => one.name === 'ana' || one.name === 'ben');
  sandbox.addChannel({ id: ELSEWHERE, name: 'elsewhere' });
  const said = (message: Pick<SandboxMessage, 'ts' | 'text' | 'blocks'> & { readonly metadata?: unknown }): Said => ({
    ts: message.ts,
    text: message.text,
    blocks: message.blocks,
    metadata: readMetadata(message.metadata),
  });
  const done = (interaction: Awaited<ReturnType<SandboxSlack['click']>>): Done => ({
    acknowledged: interaction.ackMs !== null,
    answers: () => interaction.ephemerals.map(said),
  });
  return {
    slack: {
      botToken: new Secret(sandbox.botToken),
      mode:
        mode === 'socket'
          ? { kind: 'socket', appToken: new Secret(sandbox.appToken) }
          : { kind: 'http', signingSecret: new Secret(sandbox.signingSecret), port: 0 },
      apiUrl: sandbox.apiUrl,
    },
    channel: MIGRATIONS,
    elsewhere: ELSEWHERE,
    ana: ana?.id ?? '',
    ben: ben?.id ?? '',
    connect: (port) => sandbox.setHttpTarget(port === null ? null : `http://127.0.0.1:${port}/slack/events`),
    command: async (user, channel, text) => done(await sandbox.command({ user, channel, text })),
    press: async (user, channel, { ts }, actionId) => done(await sandbox.click({ user, channel, ts, actionId })),
    history: () => Promise.resolve(sandbox.messages(MIGRATIONS).map(said)),
    replies: (ts) =>
      Promise.resolve(
        sandbox
          .thread(MIGRATIONS, ts)
          .filter((one) => one.ts !== ts)
          .map(said),
      ),
    close: () => sandbox.close(),
  };
}
