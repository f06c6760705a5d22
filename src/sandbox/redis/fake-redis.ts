/**
 * Many fake Redis servers in one process, for benches with hundreds of shards: each listens on a port of its own and
 * answers a control plane as a healthy Redis 7 does, from FakeState. They follow each other by port within one world.
 */
import { type Clock, systemClock } from '../../clock.ts';
import { answerCommand, type FakeSession } from './fake-commands.ts';
import { type FakeOptions, FakeState } from './fake-state.ts';
import { freePort } from './ports.ts';
import { type Handler, type ScriptedConnection, type ScriptedServer, startScripted } from './scripted.ts';

export interface FakeRedis extends ScriptedServer {
  /**
   * What it claims about itself; changing it changes what it answers. Its application goes on writing wherever it is
   * until `writesPerSecond` and `bytesPerSecond` are set to 0.
   */
  readonly state: FakeState;
  /** The handler that answers from `state`, to be wrapped or put back after `use`. */
  readonly handler: Handler;
}

export interface FakePair {
  readonly source: FakeRedis;
  readonly destination: FakeRedis;
}

export interface FakeWorld {
  readonly servers: readonly FakeRedis[];
  server(options?: FakeOptions): Promise<FakeRedis>;
  /** A source that takes writes and an empty destination; `inStep`: the destination follows it already. */
  pair(options?: FakeOptions & { readonly inStep?: boolean }): Promise<FakePair>;
  /** May be called twice. */
  close(): Promise<void>;
}

export function createFakeWorld(clock: Clock = systemClock): FakeWorld {
  const servers: FakeRedis[] = [];
  const states = new Map<number, FakeState>();

  async function server(options: FakeOptions = {}): Promise<FakeRedis> {
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      try {
        return await listen(port, options);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt >= 5) throw error;
      }
    }
  }

  async function listen(port: number, options: FakeOptions): Promise<FakeRedis> {
    const state = new FakeState(port, options, clock, (wanted) => states.get(wanted));
    const sessions = new Map<ScriptedConnection, FakeSession>();
    const context = {
      state,
      followers() {
        const all = [...state.followers];
        for (const follower of all) follower.advance();
        return all.filter((follower) => follower.linkUp || follower.syncing);
      },
      sessions: () => [...sessions.values()],
    };
    const handler: Handler = (command, connection) => {
      const session = sessions.get(connection) ?? { connection, name: '', lastCommand: 'NULL', queue: null };
      sessions.set(connection, session);
      return answerCommand(command, context, session);
    };
    const scripted = await startScripted({ handler, port, onClose: (connection) => sessions.delete(connection) });
    states.set(port, state);
    const fake: FakeRedis = {
      ...scripted,
      get connections() {
        return scripted.connections;
      },
      state,
      handler,
      async close() {
        states.delete(port);
        await scripted.close();
      },
    };
    servers.push(fake);
    return fake;
  }

  return {
    servers,
    server,
    async pair({ inStep = false, ...options } = {}) {
      const source = await server({
        keys: 20_000,
        bytesPerSecond: 50_000,
        writesPerSecond: 500,
        clients: 2,
        ...options,
      });
      const destination = await server(options.syncMs === undefined ? {} : { syncMs: options.syncMs });
      if (inStep) {
        destination.state.follow({ host: source.host, port: source.port });
        destination.state.advance();
      }
      return { source, destination };
    },
    async close() {
      await Promise.all(servers.map((fake) => fake.close()));
    },
  };
}
