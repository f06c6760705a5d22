/**
 * The bot's log: one JSON line an event, on standard output. Owns the pino logger. Three nets keep secrets out: errors
 * and fields are cleaned by shape and by name (clean.ts), and every finished line passes the secret registry. A line
 * that cannot be written is lost; it never throws into the caller.
 */
import { pino } from 'pino';
import type { Config } from '../config.ts';
import { type Log, type LogFields, MASK, type SecretRegistry } from '../log.ts';
import { clean, cleanFields } from './clean.ts';

/** Anything with `write(line)`; standard output when left out. */
export interface LogDestination {
  write(line: string): void;
}

export function createLogger(level: Config['logLevel'], secrets: SecretRegistry, destination?: LogDestination): Log {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // Errors were turned into plain objects already.
    serializers: { err: (value: unknown) => value },
    hooks: { streamWrite: (line) => scrubLine(line, secrets) },
  };
  return wrap(destination ? pino(options, destination) : pino(options));
}

function wrap(logger: pino.Logger): Log {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: LogFields, message: string) => {
    if (logger.isLevelEnabled(level)) logger[level](safely(fields), message);
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(logger.child(safely(fields))),
  };
}

/** Fields may be anything, getters that throw included; a line about trouble must not make more of it. */
function safely(fields: LogFields): Record<string, unknown> {
  try {
    return cleanFields(fields);
  } catch {
    return { fields: '[could not be read]' };
  }
}

/** Takes secrets out of a finished line and keeps it valid JSON, also where a secret looks like a number. */
function scrubLine(line: string, secrets: SecretRegistry): string {
  if (secrets.scrub(line) === line) return line;
  try {
    return `${JSON.stringify(scrubJson(JSON.parse(line), secrets))}\n`;
  } catch {
    return `${JSON.stringify({ level: 'error', msg: 'a line that held a secret was left out' })}\n`;
  }
}

function scrubJson(value: unknown, secrets: SecretRegistry): unknown {
  if (typeof value === 'string') return secrets.scrub(value);
  if (typeof value === 'number') return secrets.scrub(String(value)) === String(value) ? value : MASK;
  if (Array.isArray(value)) return value.map((item) => scrubJson(item, secrets));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [secrets.scrub(key), scrubJson(item, secrets)]));
}

const CONSOLE_LEVELS = {
  debug: 'debug',
  trace: 'debug',
  log: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
} as const;

/**
 * Sends what libraries write to the console into the log: ioredis and node-cron do so. Returns how to undo it.
 * Call it once, before anything connects.
 */
export function routeConsoleTo(log: Log, target: Console = console): () => void {
  const undo: (() => void)[] = [];
  for (const [method, level] of Object.entries(CONSOLE_LEVELS) as [
    keyof typeof CONSOLE_LEVELS,
    'debug' | 'info' | 'warn' | 'error',
  ][]) {
    const original = target[method];
    target[method] = (...said: unknown[]) => log[level]({ said: said.map(clean) }, 'a library wrote to the console');
    undo.push(() => {
      target[method] = original;
    });
  }
  return () => {
    for (const step of undo) step();
  };
}
