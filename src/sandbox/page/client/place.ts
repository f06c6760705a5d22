/**
 * Where the person is: kept in the address, so that a reload, or a second window for a second person, comes back to it.
 * Another channel or thread is a step that the browser's back button takes back; who acts is none.
 */
import { useCallback, useEffect, useState } from 'react';

export interface Place {
  /** Null: the first one. */
  readonly user: string | null;
  /** A channel's id, `home`, or null for the first channel. */
  readonly channel: string | null;
  readonly thread: string | null;
  /** Whether the world outside Slack is shown; null: as the window's width allows. */
  readonly world: boolean | null;
}

function read(): Place {
  const hash = new URLSearchParams(location.hash.slice(1));
  const world = hash.get('world');
  return {
    user: hash.get('as'),
    channel: hash.get('in'),
    thread: hash.get('thread'),
    world: world === null ? null : world === 'yes',
  };
}

function write(place: Place): string {
  const hash = new URLSearchParams();
  if (place.user !== null) hash.set('as', place.user);
  if (place.channel !== null) hash.set('in', place.channel);
  if (place.thread !== null) hash.set('thread', place.thread);
  if (place.world !== null) hash.set('world', place.world ? 'yes' : 'no');
  return `#${hash.toString()}`;
}

export type Go = (change: Partial<Place>) => void;

export function usePlace(): readonly [Place, Go] {
  const [place, setPlace] = useState(read);
  useEffect(() => {
    const reread = () => setPlace(read());
    addEventListener('popstate', reread);
    addEventListener('hashchange', reread);
    return () => {
      removeEventListener('popstate', reread);
      removeEventListener('hashchange', reread);
    };
  }, []);
  const go = useCallback((change: Partial<Place>) => {
    const before = read();
    const next = { ...before, ...change };
    const isStep = next.channel !== before.channel || (next.thread !== before.thread && next.thread !== null);
    if (isStep) history.pushState(null, '', write(next));
    else history.replaceState(null, '', write(next));
    setPlace(next);
  }, []);
  return [place, go];
}
