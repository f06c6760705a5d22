import { useSyncExternalStore } from 'react';

function subscribe(listener: () => void): () => void {
  addEventListener('resize', listener);
  return () => removeEventListener('resize', listener);
}

export function useWidth(): number {
  return useSyncExternalStore(subscribe, () => innerWidth);
}
