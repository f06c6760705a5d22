/**
 * Two scripted servers that repeat what two real ones of one version were recorded to say while one became the replica of
 * the other: standalone, the moments of a full sync in their order, in step, promoted. They are driven by the commands
 * that they get; both sides always show the same moment. Owns two listening sockets; `close()` ends them.
 *
 * They do not: keep keys, let offsets grow, hold clients back in a pause.
 */
import { createHash } from 'node:crypto';
import type { Master, RecordedRole } from './recorded-role.ts';
import { type RecordedServer, recordedServer } from './recorded-server.ts';
import { fieldOf, withFields, withoutReplicas, withReplicaPort, withReplication } from './recorded-texts.ts';
import { type ScriptedServer, startScripted } from './scripted.ts';
import type { Recorded } from './scripted-ready.ts';

export interface RecordedPairOptions {
  /**
   * `manual`: a moment stays until `advance()`. `look`: it is over when both servers were asked in it for what INFO says of
   * replication, so that whoever looks at them again and again sees every moment once at least. Default `manual`.
   */
  readonly pace?: 'manual' | 'look';
  /** requirepass of each. Without it in its masterauth the destination's link never comes up. */
  readonly sourcePassword?: string;
  readonly destinationPassword?: string;
}

export interface RecordedPair {
  readonly source: ScriptedServer;
  readonly destination: ScriptedServer;
  /** In the order in which they come; the last moment of the sync, `link=up …`, is the one in step. */
  readonly states: readonly string[];
  readonly state: string;
  /** Whether the destination follows the source and has all that it has. */
  readonly inStep: boolean;
  /** Goes on to the next moment of the sync if there is one, or to `link down` if the link broke. Returns the state. */
  advance(): string;
  /** May be called twice. */
  close(): Promise<void>;
}

type Side = Recorded['side'];

export async function startRecordedPair(
  records: readonly Recorded[],
  options: RecordedPairOptions = {},
): Promise<RecordedPair> {
  const moments = [...new Set(records.map(({ state }) => state))].filter((state) => state.startsWith('link='));
  const [first = '', last = ''] = [moments[0], moments.at(-1)];
  const masters: Record<Side, Master | null> = { source: null, destination: null };
  const servers: Partial<Record<Side, ScriptedServer>> = {};
  const asked = new Set<Side>();
  const gone = new Set<Side>();
  let state = 'standalone';
  let closed = false;

  function recorded(side: Side, at: string, command = 'INFO'): string {
    const found = records.find((one) => one.side === side && one.state === at && one.command === command);
    if (typeof found?.reply !== 'string') throw new RangeError(`No ${command} of the ${side} in "${at}" was recorded.`);
    return found.reply;
  }

  const port = (side: Side) => servers[side]?.port ?? 0;

  function canLink(): boolean {
    const master = masters.destination;
    const reaches =
      master !== null && /^(127\.0\.0\.1|localhost)$/i.test(master.host) && master.port === port('source');
    const password = sides.source.settings.value('requirepass') || '';
    const isThere = masters.source === null && !gone.has('source');
    return reaches && isThere && password === (sides.destination.settings.value('masterauth') ?? '');
  }

  function advance(): string {
    asked.clear();
    if (masters.destination === null) return state;
    const moment = moments.indexOf(state);
    // A link that never was stays as it is, one that was is lost.
    if (canLink()) state = moments[Math.min(moment + 1, moments.length - 1)] ?? state;
    else if (state !== first) state = 'link down';
    return state;
  }

  /** Before an answer to INFO. */
  function look(side: Side): void {
    if (options.pace !== 'look') return;
    if (asked.size === 2) advance();
    asked.add(side);
  }

  function destinationInfo(): string {
    if (state === 'standalone') {
      const alone = withReplication(recorded('destination', first), recorded('source', 'standalone'));
      return withFields(alone, { master_replid: historyOf(alone), tcp_port: port('destination') });
    }
    const { host = '', port: masterPort = 0 } = masters.destination ?? {};
    return withFields(recorded('destination', state), {
      master_host: host,
      master_port: masterPort,
      tcp_port: port('destination'),
    });
  }

  function sourceInfo(): string {
    const known = state === 'standalone' || moments.includes(state);
    const isAlone = !known || !canLink();
    const text = recorded('source', known ? state : last);
    const own = withFields(isAlone ? withoutReplicas(text) : withReplicaPort(text, port('destination')), {
      tcp_port: port('source'),
    });
    if (masters.source === null) return own;
    // Nobody recorded a source that was made a replica: it looks like any other whose master doesn't answer.
    return withFields(withReplication(own, recorded('destination', first)), {
      master_host: masters.source.host,
      master_port: masters.source.port,
      ...keptHistory(own),
    });
  }

  function sourceClients(): string {
    const known = state === 'standalone' || moments.includes(state);
    const lines = recorded('source', known ? state : last, 'CLIENT LIST').split('\n');
    return lines.filter((line) => canLink() || !line.includes(' flags=S')).join('\n');
  }

  function roleOf(side: Side): RecordedRole {
    return {
      info: side === 'source' ? sourceInfo : destinationInfo,
      clients: side === 'source' ? sourceClients : () => '',
      master: () => masters[side],
      follow(master) {
        const was = masters[side];
        masters[side] = master;
        if (side === 'source') return;
        asked.clear();
        if (master !== null) state = first;
        else if (was !== null) state = 'promoted';
      },
    };
  }

  const sides: Record<Side, RecordedServer> = {
    source: recordedServer(records, roleOf('source')),
    destination: recordedServer(records, roleOf('destination')),
  };
  for (const [side, password] of [
    ['source', options.sourcePassword],
    ['destination', options.destinationPassword],
  ] as const) {
    if (password !== undefined) sides[side].settings.put('requirepass', password);
  }

  async function start(side: Side, password: string | undefined): Promise<ScriptedServer> {
    const { handler, onClose } = sides[side];
    const server = await startScripted({
      onClose,
      handler(command, connection) {
        if (tellsOfReplication(command)) look(side);
        return handler(command, connection);
      },
    });
    servers[side] = server;
    return {
      ...server,
      password,
      get connections() {
        return server.connections;
      },
      close() {
        gone.add(side);
        return server.close();
      },
    };
  }

  const source = await start('source', options.sourcePassword);
  const destination = await start('destination', options.destinationPassword);
  return {
    source,
    destination,
    states: ['standalone', ...moments, 'promoted'],
    get state() {
      return state;
    },
    get inStep() {
      return state === last && canLink();
    },
    advance,
    async close() {
      if (closed) return;
      closed = true;
      await Promise.all([source.close(), destination.close()]);
    },
  };
}

function tellsOfReplication([name = '', ...sections]: readonly string[]): boolean {
  const some =
    sections.length === 0 || sections.some((section) => /^(replication|all|default|everything)$/i.test(section));
  return name.toUpperCase() === 'INFO' && some;
}

/** Redis 4.0 and later: each server begins a history of its own. */
function historyOf(info: string): string {
  return createHash('sha1')
    .update(fieldOf(info, 'run_id') ?? '')
    .digest('hex');
}

function keptHistory(info: string): Record<string, string> {
  const names = ['master_replid', 'master_replid2', 'master_repl_offset', 'second_repl_offset'];
  const fields = names.flatMap((name) => {
    const value = fieldOf(info, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const offset = fieldOf(info, 'master_repl_offset');
  return Object.fromEntries([...fields, ...(offset === undefined ? [] : [['slave_repl_offset', offset] as const])]);
}
