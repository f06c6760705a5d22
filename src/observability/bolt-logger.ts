/**
 * Lets Bolt and its clients log through us. Debug lines are dropped here, whatever LOG_LEVEL says: at that level the
 * socket client writes whole payloads, with everything that people typed.
 */
import type { Logger, LogLevel } from '@slack/bolt';
import type { Log } from '../log.ts';
import { clean } from './clean.ts';

const MAX_TEXT = 1000;
/** Bolt's enum is only known by its type here: this room does not load Bolt. */
const INFO = 'info' as unknown as LogLevel;

export function toBoltLogger(log: Log): Logger {
  let name = 'bolt';
  const pass =
    (level: 'info' | 'warn' | 'error') =>
    (...said: unknown[]) => {
      const texts = said.filter((part) => typeof part === 'string').map((text) => text.slice(0, MAX_TEXT));
      const errors = said.filter((part) => part instanceof Error);
      // Anything else may be a payload.
      log[level](
        { logger: name, said: texts.join(' '), ...(errors.length > 0 ? { err: clean(errors[0]) } : {}) },
        'Slack library',
      );
    };
  return {
    debug() {},
    info: pass('info'),
    warn: pass('warn'),
    error: pass('error'),
    // The level is LOG_LEVEL's affair. Ours to the outside is always info, so that nobody prepares debug lines for us.
    setLevel() {},
    getLevel: () => INFO,
    setName(given) {
      name = given;
    },
  };
}
