/** What people do in Slack during a migration, and what they wait for. */
import { addressOf } from '../../src/domain/endpoint.ts';
import type { MigrationView } from '../../src/domain/view.ts';
import type { RedisServerHandle } from '../../src/sandbox/redis/server.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { ANA, BEN, MIGRATIONS, type SandboxSlack } from '../../src/sandbox/slack/index.ts';
import type { BotProcess } from './bot-process.ts';

type Gate = 'continue' | 'switch' | 'finish';

export interface Crew {
  /** Ana types the command; returns the migration's id once its message is in the channel. */
  start(
    sources: readonly RedisServerHandle[],
    destinations: readonly RedisServerHandle[],
    options?: string,
  ): Promise<string>;
  /** Ben waits for the button of a gate in the status message and presses it. */
  pass(id: string, gate: Gate): Promise<void>;
  phase(id: string, ...phases: readonly MigrationView['phase'][]): Promise<MigrationView>;
  /** The newest status message of a migration. */
  status(id: string): Promise<{ readonly ts: string; readonly text: string; readonly said: string }>;
}

export function crewOf(slack: SandboxSlack, bot: BotProcess): Crew {
  const buttonOf = (ts: string, gate: Gate) => {
    const message = slack.message(MIGRATIONS, ts);
    return message ? slack.buttons(message).find((one) => one.element['action_id'] === `gate:${gate}`) : undefined;
  };
  const crew: Crew = {
    async start(sources, destinations, options = '') {
      const list = (servers: readonly RedisServerHandle[]) =>
        servers.map((one) => `redis://${addressOf(one)}`).join(' ');
      const known = (await bot.migrations()).map((one) => one.id);
      const typed = `start --src ${list(sources)} --dst ${list(destinations)} ${options}`;
      const interaction = await slack.command({ user: ANA, channel: MIGRATIONS, text: typed });
      if (interaction.ackMs === null) throw new Error(`The command was not acknowledged: ${interaction.trouble}`);
      const fresh = await until(async () => (await bot.migrations()).find((one) => !known.includes(one.id)), {
        what: `a migration to begin; answers: ${JSON.stringify([interaction.ackBody, interaction.ephemerals])}`,
      });
      return fresh.id;
    },
    async pass(id, gate) {
      const view = await until(
        async () => {
          const now = await bot.migration(id);
          return now.messageTs !== null && buttonOf(now.messageTs, gate) ? now : null;
        },
        { within: 40_000, what: `button gate:${gate}` },
      );
      const click = await slack.click({
        user: BEN,
        channel: MIGRATIONS,
        ts: view.messageTs ?? '',
        actionId: `gate:${gate}`,
      });
      if (click.ackMs === null) throw new Error(`The click was not acknowledged: ${click.trouble}`);
    },
    async phase(id, ...phases) {
      let last: MigrationView | undefined;
      await until(
        async () => {
          last = await bot.migration(id);
          return phases.includes(last.phase);
        },
        { within: 40_000 },
      ).catch(() => {
        throw new Error(`waited in vain for ${phases.join(' or ')}; it is ${last?.phase}: ${last?.waitingFor}`);
      });
      return bot.migration(id);
    },
    async status(id) {
      const { messageTs } = await bot.migration(id);
      const message = slack.message(MIGRATIONS, messageTs ?? '');
      if (!message) throw new Error(`There is no status message of ${id}.`);
      return { ts: message.ts, text: message.text, said: `${message.text}\n${JSON.stringify(message.blocks)}` };
    },
  };
  return crew;
}
