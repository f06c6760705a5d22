/**
 * A short memory of what Slack has told. Owns the answers of the last minutes. Questions that come together are asked
 * once. When Slack does not tell, an answer of at most ten minutes ago is used; without one it is null. Never rejects.
 */
import type { Clock } from '../clock.ts';

const FRESH_MS = 60_000;
const USABLE_MS = 600_000;

/** `ask`: null when Slack does not tell; must not reject. */
export function createRemembered<T>(clock: Clock, ask: (key: string) => Promise<T | null>) {
  const known = new Map<string, { readonly answer: T; readonly at: number }>();
  const asking = new Map<string, Promise<T | null>>();

  async function learn(key: string): Promise<T | null> {
    const answer = await ask(key);
    if (answer === null) {
      const old = known.get(key);
      return old && clock.monotonicMs() - old.at <= USABLE_MS ? old.answer : null;
    }
    known.set(key, { answer, at: clock.monotonicMs() });
    return answer;
  }

  return function answerTo(key: string): Promise<T | null> {
    const cached = known.get(key);
    if (cached && clock.monotonicMs() - cached.at <= FRESH_MS) return Promise.resolve(cached.answer);
    const running = asking.get(key);
    if (running) return running;
    const question = learn(key).finally(() => asking.delete(key));
    asking.set(key, question);
    return question;
  };
}
