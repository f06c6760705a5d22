import { type RefObject, useLayoutEffect, useRef } from 'react';

/** What was drawn last, for those who come back later: timers and answers. */
export function useLatest<T>(value: T): RefObject<T> {
  const latest = useRef(value);
  useLayoutEffect(() => {
    latest.current = value;
  });
  return latest;
}
