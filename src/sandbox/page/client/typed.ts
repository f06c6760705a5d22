/** What each person typed, newest last; kept for the browser's tab, so that a reload does not lose it. */
import { useRef } from 'react';

const MOST = 50;

interface Typed {
  readonly add: (text: string) => void;
  /** 1: one older, -1: one newer. Null: there is none. `now` comes back after the newest. */
  readonly go: (step: 1 | -1, now: string) => string | null;
  readonly isBack: () => boolean;
  readonly leave: () => void;
}

function kept(user: string): string[] {
  try {
    const list: unknown = JSON.parse(sessionStorage.getItem(`typed:${user}`) ?? '[]');
    return Array.isArray(list) ? list.map(String) : [];
  } catch {
    return [];
  }
}

export function useTyped(user: string): Typed {
  const at = useRef(0);
  const draft = useRef('');
  return {
    add(text) {
      const list = kept(user).filter((one) => one !== text);
      sessionStorage.setItem(`typed:${user}`, JSON.stringify([...list, text].slice(-MOST)));
      at.current = 0;
    },
    go(step, now) {
      const list = kept(user);
      const next = at.current + step;
      if (next > list.length || next < 0) return null;
      if (at.current === 0) draft.current = now;
      at.current = next;
      return next === 0 ? draft.current : (list[list.length - next] ?? null);
    },
    isBack: () => at.current > 0,
    leave() {
      at.current = 0;
    },
  };
}
