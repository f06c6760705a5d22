/**
 * Where the process begins: environment → config → bot. The only file that reads process.env and that exits.
 * Exit codes: 0 after SIGTERM or SIGINT, 2 for a configuration that cannot work, 1 for anything else. SIGHUP reads the
 * inventory again.
 */
import { readFileSync } from 'node:fs';
import type { Bot } from './bot.ts';
import { systemClock } from './clock.ts';
import { loadConfig } from './config.ts';
import { type Log, SecretRegistry } from './log.ts';
import { createLogger, routeConsoleTo } from './observability/logger.ts';

const STOP_LIMIT_MS = 9_500;

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

/** `problems`: sentences about the configuration, for whoever started the bot. */
function refuse(problems: readonly string[]): never {
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exit(2);
}

function fail(error: unknown, log: Log): never {
  if (error instanceof Error && 'problems' in error && Array.isArray(error.problems))
    refuse(error.problems.map(String));
  log.error({ err: error }, 'The bot cannot go on');
  process.exit(1);
}

async function main(): Promise<void> {
  // First of all, since SIGHUP ends a process that does not listen.
  let bot: Bot | null = null;
  let reload = false;
  process.on('SIGHUP', () => {
    if (bot) bot.reloadInventory();
    else reload = true;
  });
  const registry = new SecretRegistry();
  const loaded = loadConfig(process.env, readText, registry);
  if (!loaded.ok) refuse(loaded.problems);
  const log = createLogger(loaded.config.logLevel, registry);
  routeConsoleTo(log);
  process.on('uncaughtException', (error) => fail(error, log));
  process.on('unhandledRejection', (error) => fail(error, log));
  for (const warning of loaded.warnings) log.warn({ warning }, 'Something in the configuration looks odd');

  let stopping = false;
  const onSignal = (signal: string) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, 'Stops');
    void Promise.race([bot?.stop(), systemClock.sleep(STOP_LIMIT_MS)]).then(
      () => process.exit(0),
      (error: unknown) => fail(error, log),
    );
  };
  process.on('SIGTERM', () => onSignal('SIGTERM'));
  process.on('SIGINT', () => onSignal('SIGINT'));
  try {
    // ioredis prints passwords in clear when this is set, and reads it when it is loaded: hence the late import.
    delete process.env['DEBUG'];
    const { startBot } = await import('./bot.ts');
    bot = await startBot({ config: loaded.config, registry, log, env: process.env, readText });
    if (reload) bot.reloadInventory();
    await bot.connected;
  } catch (error) {
    if (!stopping) fail(error, log);
  }
}

await main();
