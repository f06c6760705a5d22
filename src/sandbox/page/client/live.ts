/**
 * The state as the server last sent it. Owns the stream of server-sent events; never changes the state itself. When the
 * stream breaks it keeps the last state, says so, and tries again every second for as long as the page is open.
 */
import { useSyncExternalStore } from 'react';
import type { Act, Acted, DemoState } from '../state.ts';
import { share } from './json.ts';

export interface Live {
  readonly state: DemoState | null;
  /** `connecting` only before the first state. */
  readonly connection: 'connecting' | 'live' | 'lost';
}

const RETRY_MS = 1_000;
let live: Live = { state: null, connection: 'connecting' };
const listeners = new Set<() => void>();

function put(next: Live): void {
  live = next;
  for (const listener of listeners) listener();
}

export function connect(): void {
  const source = new EventSource('events');
  source.addEventListener('state', (event: MessageEvent<string>) => {
    put({ state: share(live.state, JSON.parse(event.data) as DemoState), connection: 'live' });
  });
  source.addEventListener('error', () => {
    // The browser's own retry gives up for good after an HTTP error.
    source.close();
    if (live.connection !== 'lost') put({ ...live, connection: 'lost' });
    setTimeout(connect, RETRY_MS);
  });
}

export function useLive(): Live {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => live,
  );
}

/** Never throws: what went wrong is in `trouble`. */
export async function send(act: Act): Promise<Acted> {
  try {
    const response = await fetch('act', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(act),
    });
    const answer = (await response.json()) as Partial<Acted>;
    if (typeof answer.ok === 'boolean') return { ...answer, ok: answer.ok, trouble: answer.trouble ?? null };
    return { ok: false, trouble: `The demo's server answered ${response.status}.` };
  } catch {
    return { ok: false, trouble: "The demo's server does not answer. Is it still running in the terminal?" };
  }
}
