/**
 * Deletes old journals at night, in UTC. Owns its timer, nothing else: what may go is the engine's to say, and what is
 * gone is the store's. A night that was missed is made up for by the next one. When deleting fails, the log says so.
 */
import { type Logger, schedule } from 'node-cron';
import type { Clock } from '../clock.ts';
import type { Housekeeping } from '../engine/service.ts';
import type { Log } from '../log.ts';

const AT_NIGHT = '23 3 * * *';
/** Between two nights, the wall clock and the monotonic one may differ by so much, or the clock was set. */
const JUMP_MS = 3_600_000;

export interface RetentionDeps {
  readonly service: Housekeeping;
  /** Null: journals are kept for ever. */
  readonly keptMs: number | null;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly log: Log;
}

export interface Retention {
  /** One night's work. Never throws. */
  sweep(): void;
  /** May be called twice. */
  stop(): void;
}

export function startRetention({ service, keptMs, clock, log }: RetentionDeps): Retention {
  let wall = clock.now();
  let monotonic = clock.monotonicMs();

  /** Whoever sets the clock a year ahead by mistake has a night to mend it before anything is deleted. */
  function clockWasSet(): boolean {
    const differs = Math.abs(clock.now() - wall - (clock.monotonicMs() - monotonic)) > JUMP_MS;
    wall = clock.now();
    monotonic = clock.monotonicMs();
    return differs;
  }

  function sweep(): void {
    if (keptMs === null) return;
    if (clockWasSet()) {
      log.warn({}, 'The clock was set since last night: deletes no old journals before the next one');
      return;
    }
    try {
      const gone = service.forgetEnded(clock.now() - keptMs);
      if (gone.length > 0) log.info({ deleted: gone.length }, 'Old journals were deleted');
    } catch (error) {
      log.error({ err: error }, 'Could not delete old journals; tries again tomorrow');
    }
  }

  const task =
    keptMs === null
      ? null
      : schedule(AT_NIGHT, sweep, {
          timezone: 'UTC',
          name: 'retention',
          noOverlap: true,
          unref: true,
          logger: loggerOf(log),
        });
  return {
    sweep,
    stop() {
      void task?.destroy();
    },
  };
}

function loggerOf(log: Log): Logger {
  return {
    debug: (message) => log.debug({}, String(message)),
    info: (message) => log.info({}, message),
    warn: (message) => log.warn({}, message),
    error: (message, error) => log.error({ err: error ?? message }, 'A task of the night failed'),
  };
}
