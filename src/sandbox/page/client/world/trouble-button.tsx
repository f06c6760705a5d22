/** A button that changes the world: busy until it has. */
import { type ReactNode, useState } from 'react';
import type { Act } from '../../state.ts';

export type Run = (act: Act) => Promise<boolean>;

interface TroubleButtonProps {
  readonly act: Act;
  readonly run: Run;
  readonly primary?: boolean;
  readonly disabled?: boolean;
  readonly label?: string;
  readonly children: ReactNode;
}

export function TroubleButton({ act, run, primary = false, disabled = false, label, children }: TroubleButtonProps) {
  const [busy, setBusy] = useState(false);
  async function click(): Promise<void> {
    if (busy) return;
    setBusy(true);
    await run(act);
    setBusy(false);
  }
  return (
    <button
      aria-busy={busy}
      aria-label={label}
      className={primary ? 'button button-primary button-small' : 'button button-small'}
      disabled={disabled}
      onClick={() => void click()}
      type="button"
    >
      {children}
    </button>
  );
}
