import type { NewRow } from '../../src/domain/event.ts';
import type { Store } from '../../src/store/store.ts';

/** The same store, but `hook` runs right before rows are written: the moment in which a step is about to be taken. */
export function withHook(store: Store, hook: (row: NewRow) => void): Store {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== 'append') return value.bind(target) as unknown;
      return (...args: Parameters<Store['append']>) => {
        for (const row of args[3]) hook(row);
        return target.append(...args);
      };
    },
  });
}
