/** A reader of the page's server-sent events. */
import type { DemoState } from '../../../src/sandbox/page/state.ts';
import { until } from '../../../src/sandbox/redis/wait.ts';

export interface Listener {
  /** All states so far, oldest first. */
  readonly states: readonly DemoState[];
  /** How often the server said that it is still there. */
  beats(): number;
  newest(): DemoState;
  close(): void;
}

/** Resolves when the first state has come. */
export async function listenTo(url: string): Promise<Listener> {
  const stop = new AbortController();
  const response = await fetch(`${url}events`, { signal: stop.signal });
  const states: DemoState[] = [];
  let beats = 0;
  let rest = '';
  const read = async () => {
    for await (const chunk of response.body ?? []) {
      rest += Buffer.from(chunk as Uint8Array).toString();
      const parts = rest.split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        if (part.startsWith(':')) beats += 1;
        const data = /^data: (.*)$/m.exec(part)?.[1];
        if (data !== undefined) states.push(JSON.parse(data) as DemoState);
      }
    }
  };
  read().catch(() => {});
  await until(() => states.length > 0, { what: 'the first state' });
  return { states, beats: () => beats, newest: () => states.at(-1)!, close: () => stop.abort() };
}
