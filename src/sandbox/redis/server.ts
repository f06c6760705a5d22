/**
 * One redis-server process in a folder of its own. Owns the process, its config file and its log; never touches a
 * process that it did not start. A server that dies while starting gives an error with the last lines of its log.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { type RedisAddress, readTlsFiles, type TlsAddress, tlsFilesOf } from './address.ts';
import { connectRaw } from './raw-connection.ts';
import { type Reply, RespError, textOf } from './resp.ts';
import { configLines, configText, type ServerSettings } from './server-config.ts';
import { until, within } from './wait.ts';

const START_MS = 15_000;
const STOP_MS = 3_000;

export type ClientOptions = Omit<RedisOptions, 'protocol' | 'replyMapping'>;

export interface RedisServerHandle extends RedisAddress {
  readonly name: string;
  readonly host: '127.0.0.1';
  /** The plain port, or the TLS port where there is no other. Everything below uses this one. */
  readonly port: number;
  /** Its TLS port, with its own certificate and key; undefined without TLS. */
  readonly tls: TlsAddress | undefined;
  /** Follows `config('requirepass', …)`. */
  readonly password: string | undefined;
  readonly dir: string;
  readonly binary: string;
  readonly running: boolean;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Resolves when it answers PING. Does nothing while it runs. */
  start(): Promise<void>;
  /** SIGTERM, and SIGKILL after 3 s. What isn't persisted is gone. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Stops and starts it on the same port. `config`: lines to add to its file first. */
  restart(config?: Readonly<Record<string, string>>): Promise<void>;
  /** SIGSTOP: connections stay open, nothing is answered. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** CONFIG SET. */
  config(name: string, value: string): Promise<void>;
  /** INFO as a record, of one section or of all. */
  info(section?: string): Promise<Record<string, string>>;
  /** One command over a connection of its own; rejects with the server's error. */
  call(...command: (string | number)[]): Promise<Reply>;
  /** An ioredis connection that neither reconnects nor resends; closed with the server at the latest. */
  client(options?: ClientOptions): Redis;
  /** FLUSHALL. */
  flush(): Promise<void>;
  /** The last lines of its log, over all starts. */
  log(lines?: number): Promise<string>;
}

export interface ServerSetup extends ServerSettings {
  readonly name: string;
  readonly binary: string;
  readonly watch: (pid: number) => void;
  readonly forget: (pid: number) => void;
}

/** Writes the config file; the process is started with `start()`. */
export async function createServerHandle(setup: ServerSetup): Promise<RedisServerHandle> {
  const { name, dir, binary, tls } = setup;
  const port = setup.port ?? tls?.port;
  if (port === undefined) throw new RangeError(`${name} has no port.`);
  const configFile = join(dir, 'redis.conf');
  const logFile = join(dir, 'redis.log');
  const clients = new Set<Redis>();
  let password = setup.requirepass;
  let child: ChildProcess | undefined;
  let exited: Promise<void> = Promise.resolve();

  // A file rather than arguments: CONFIG REWRITE works, and a password is not in the list of processes.
  await writeFile(configFile, configText(setup), { mode: 0o600 });

  async function start(): Promise<void> {
    if (child) return;
    const started = launch();
    const settled = await until(async () => !isRunning(started) || (await isReady(handle, started.pid)), {
      within: START_MS,
    }).catch(() => false);
    if (settled && isRunning(started)) return;
    const problem = isRunning(started) ? `did not answer within ${START_MS / 1000} s` : 'ended while starting';
    started.kill('SIGKILL');
    await exited;
    throw new Error(`${name} ${problem}; its log ends with:\n${await log(8)}`);
  }

  function launch(): ChildProcess {
    const output = openSync(logFile, 'a', 0o600);
    // A session of its own: a Ctrl-C in the terminal must not stop servers in the middle of what the demo does.
    const started = spawn(binary, [configFile], { cwd: dir, stdio: ['ignore', output, output], detached: true });
    closeSync(output);
    child = started;
    const { pid } = started;
    if (pid !== undefined) setup.watch(pid);
    exited = new Promise((resolve) => {
      const gone = () => {
        if (pid !== undefined) setup.forget(pid);
        if (child === started) child = undefined;
        resolve();
      };
      started.once('exit', gone);
      started.once('error', gone);
    });
    return started;
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    for (const client of clients) client.disconnect();
    clients.clear();
    const ending = child;
    if (!ending) return exited;
    ending.kill(signal);
    ending.kill('SIGCONT');
    if (await within(exited, STOP_MS)) return;
    ending.kill('SIGKILL');
    await exited;
  }

  async function call(...command: (string | number)[]): Promise<Reply> {
    const connection = await connectRaw(handle);
    try {
      const reply = await connection.send(...command);
      if (reply instanceof RespError) throw new Error(`${name}: ${command[0]} was refused: ${reply.message}`);
      return reply;
    } finally {
      connection.close();
    }
  }

  async function log(lines = 20): Promise<string> {
    const text = await readFile(logFile, 'utf8').catch(() => '');
    return text.trimEnd().split('\n').slice(-lines).join('\n');
  }

  const handle: RedisServerHandle = {
    name,
    host: '127.0.0.1',
    port,
    tls,
    dir,
    binary,
    get password() {
      return password;
    },
    get running() {
      return child !== undefined;
    },
    get pid() {
      return child?.pid;
    },
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async restart(config = {}) {
      await end('SIGTERM');
      await appendFile(configFile, configLines(config));
      if (config['requirepass'] !== undefined) password = config['requirepass'] || undefined;
      await start();
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async config(setting, value) {
      await call('CONFIG', 'SET', setting, value);
      if (setting === 'requirepass') password = value === '' ? undefined : value;
    },
    async info(section) {
      // 2.4 knows no sections.
      const text = await (section === undefined ? call('INFO') : call('INFO', section).catch(() => call('INFO')));
      return parseInfo(textOf(text));
    },
    call,
    client(options = {}) {
      const files = tlsFilesOf(handle);
      const client = new Redis({
        host: '127.0.0.1',
        port,
        ...(password === undefined ? {} : { password }),
        ...(files === undefined ? {} : { tls: readTlsFiles(files) }),
        disableClientInfo: true,
        retryStrategy: null,
        maxRetriesPerRequest: 0,
        autoResendUnfulfilledCommands: false,
        autoResubscribe: false,
        enableReadyCheck: false,
        connectTimeout: 5_000,
        commandTimeout: 10_000,
        ...options,
        protocol: 2,
      });
      client.on('error', () => {});
      client.once('end', () => clients.delete(client));
      clients.add(client);
      return client;
    },
    async flush() {
      await call('FLUSHALL');
    },
    log,
  };
  return handle;
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** Whether our process answers and has loaded its data. Another server on a port that was taken must not pass for ours. */
async function isReady(address: RedisAddress, pid: number | undefined): Promise<boolean> {
  try {
    const connection = await connectRaw(address, { timeoutMs: 1_000 });
    try {
      const info = parseInfo(textOf(await connection.send('INFO')));
      return info['process_id'] === String(pid) && info['loading'] === '0';
    } finally {
      connection.close();
    }
  } catch {
    return false;
  }
}

/** `name:value` lines; headings and empty lines are left out. */
export function parseInfo(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) fields[line.slice(0, colon)] = line.slice(colon + 1);
  }
  return fields;
}
