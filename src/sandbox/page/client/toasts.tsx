/** What went wrong with an act, as a sentence; stays until it is put away or eight seconds have gone by. */
import { useCallback, useState } from 'react';
import { Icon } from './icons.tsx';

interface Toast {
  readonly id: number;
  readonly text: string;
}

const STAYS_MS = 8_000;
let last = 0;

export function useToasts(): readonly [readonly Toast[], (text: string) => void, (id: number) => void] {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const drop = useCallback((id: number) => setToasts((all) => all.filter((one) => one.id !== id)), []);
  const add = useCallback(
    (text: string) => {
      last += 1;
      const id = last;
      setToasts((all) => [...all.filter((one) => one.text !== text), { id, text }].slice(-3));
      setTimeout(() => drop(id), STAYS_MS);
    },
    [drop],
  );
  return [toasts, add, drop];
}

interface ToastsProps {
  readonly toasts: readonly Toast[];
  readonly onClose: (id: number) => void;
}

export function Toasts({ toasts, onClose }: ToastsProps) {
  return (
    <div aria-live="assertive" className="toasts" role="region" aria-label="Trouble">
      {toasts.map(({ id, text }) => (
        <div className="toast" key={id}>
          <Icon name="alert" /> <p>{text}</p>
          <button aria-label="Put this away" onClick={() => onClose(id)} type="button">
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}
