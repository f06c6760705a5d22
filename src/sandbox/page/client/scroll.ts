/** A list that stays at its end while its reader is there, and stays still while they read further up. */
import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';

const NEAR = 60;

interface Following {
  readonly ref: RefObject<HTMLDivElement | null>;
  readonly atEnd: boolean;
  readonly toEnd: () => void;
}

/** `what` changes when another list is shown: it begins at its end. */
export function useFollowing(what: string): Following {
  const ref = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const [atEnd, setAtEnd] = useState(true);

  const toEnd = useCallback(() => {
    const list = ref.current;
    if (list === null) return;
    follows.current = true;
    list.scrollTop = list.scrollHeight;
  }, []);

  useEffect(() => {
    const list = ref.current;
    if (list === null) return undefined;
    toEnd();
    const look = () => {
      follows.current = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;
      setAtEnd(follows.current);
    };
    // Not only new messages: an edit can make one longer, and a pane can become narrower.
    const observer = new ResizeObserver(() => {
      if (follows.current) list.scrollTop = list.scrollHeight;
      look();
    });
    observer.observe(list);
    if (list.firstElementChild !== null) observer.observe(list.firstElementChild);
    list.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      list.removeEventListener('scroll', look);
    };
  }, [toEnd, what]);

  return { ref, atEnd, toEnd };
}
