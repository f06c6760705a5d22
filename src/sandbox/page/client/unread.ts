/** Which channels hold something that the acting person has not seen since the page was opened. */
import { useEffect, useRef, useState } from 'react';
import type { DemoState } from '../state.ts';

export function useUnread(state: DemoState, me: string, open: string | null): ReadonlySet<string> {
  const seen = useRef(new Map<string, string>());
  const [unread, setUnread] = useState<ReadonlySet<string>>(new Set());
  const { channels, messages } = state;
  useEffect(() => {
    const found = channels.flatMap(({ id }) => {
      const last = messages.findLast((one) => one.channel === id && (one.threadTs === null || one.broadcast));
      const key = `${me} ${id}`;
      if (id === open || !seen.current.has(key)) seen.current.set(key, last?.ts ?? '');
      const isNew = last !== undefined && last.user !== me && last.ts > (seen.current.get(key) ?? '');
      return isNew ? [id] : [];
    });
    setUnread((before) =>
      found.length === before.size && found.every((id) => before.has(id)) ? before : new Set(found),
    );
  }, [channels, messages, me, open]);
  return unread;
}
