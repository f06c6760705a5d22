/** What thirteen real servers answered, state by state. See test/fixtures/servers. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Recorded } from '../../../src/sandbox/redis/scripted-ready.ts';

const FOLDER = new URL('../../fixtures/servers/', import.meta.url);

/** `r7.0.15` is Redis 7.0.15, `v8.0.1` Valkey 8.0.1. Oldest first. */
export const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace(/\.json$/, ''))
  .toSorted();

export function recordsOf(name: string): readonly Recorded[] {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')) as Recorded[];
}

export function isAtLeast(name: string, version: string): boolean {
  return name.startsWith('v') || name.slice(1).localeCompare(version, 'en', { numeric: true }) >= 0;
}

/** One moment of a full sync: INFO of both sides and CLIENT LIST of the source, in the order of the recording. */
export interface Moment {
  readonly state: string;
  readonly source: string;
  readonly destination: string;
  readonly clients: string;
  /** From the state's name: `link=down in_progress=1 loading=0 …`. */
  readonly said: Readonly<Record<string, string>>;
}

export function momentsOf(name: string): readonly Moment[] {
  const records = recordsOf(name);
  const states = [...new Set(records.map((one) => one.state))].filter((state) => state.startsWith('link='));
  return states.map((state) => {
    const reply = (side: Recorded['side'], command: string): string => {
      const found = records.find((one) => one.state === state && one.side === side && one.command === command);
      if (typeof found?.reply !== 'string') throw new Error(`${name} has no ${command} of the ${side} in ${state}.`);
      return found.reply;
    };
    const said = Object.fromEntries(state.split(' ').map((pair) => pair.split('=') as [string, string]));
    return {
      state,
      source: reply('source', 'INFO'),
      destination: reply('destination', 'INFO'),
      clients: reply('source', 'CLIENT LIST'),
      said,
    };
  });
}

/** INFO of one side in a named state. */
export function infoOf(name: string, side: Recorded['side'], state: string): string {
  const found = recordsOf(name).find((one) => one.side === side && one.state === state && one.command === 'INFO');
  if (typeof found?.reply !== 'string') throw new Error(`${name} has no INFO of the ${side} in ${state}.`);
  return found.reply;
}
