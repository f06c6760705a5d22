/** Waiting for a condition with a deadline, without polling: it is looked at again whenever something changes. */

export interface WaitOptions {
  /** What is waited for, to be read in the failure. */
  readonly what: string;
  /** 5,000 unless told. */
  readonly timeoutMs?: number;
}

export interface Changes {
  subscribe(listener: () => void): () => void;
  /** What there was, for the failure. */
  describe(): string;
}

export function waitFor<T>(
  changes: Changes,
  look: () => T | null | undefined | false,
  options: WaitOptions,
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 5_000;
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      unsubscribe();
    };
    const check = () => {
      try {
        const found = look();
        if (found === null || found === undefined || found === false) return;
        end();
        resolve(found);
      } catch (error) {
        end();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    const fail = () => {
      end();
      reject(new Error(`Waited ${timeoutMs} ms for ${options.what}, in vain. There was:\n${changes.describe()}`));
    };
    const timer = setTimeout(fail, timeoutMs);
    const unsubscribe = changes.subscribe(check);
    check();
  });
}
