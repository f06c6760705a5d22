/**
 * A modal dialog: the browser's own, so what is behind it can be neither clicked nor reached by the keyboard. Escape
 * closes it. The focus goes in when it opens and back to where it was when it closes.
 */
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';

interface DialogProps {
  readonly title: string;
  /** `alertdialog` for a question that has to be answered. */
  readonly role?: 'dialog' | 'alertdialog';
  readonly className: string;
  readonly describedBy?: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

const REACHABLE = 'button:not([disabled]), input:not([disabled]), select, textarea, a[href], [tabindex="0"]';

export function Dialog({ title, role = 'dialog', className, describedBy, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    if (dialog === null) return undefined;
    dialog.showModal();
    dialog.querySelector<HTMLElement>('[data-first]')?.focus();
    return () => {
      dialog.close();
      restoreFocus(before);
    };
  }, []);

  // The browser lets the focus out to its own bars; here it goes round.
  function keepInside(event: KeyboardEvent): void {
    const all = [...(ref.current?.querySelectorAll<HTMLElement>(REACHABLE) ?? [])];
    if (event.key !== 'Tab' || all.length === 0) return;
    const end = event.shiftKey ? all[0] : all.at(-1);
    if (document.activeElement !== end) return;
    event.preventDefault();
    (event.shiftKey ? all.at(-1) : all[0])?.focus();
  }

  return (
    <dialog
      aria-describedby={describedBy}
      aria-label={title}
      aria-modal="true"
      className={className}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={keepInside}
      ref={ref}
      role={role}
    >
      {children}
    </dialog>
  );
}

/** To where it was; when that is gone, to where the person writes. */
export function restoreFocus(before: Element | null): void {
  if (before instanceof HTMLElement && before.isConnected && before !== document.body) before.focus();
  else document.querySelector<HTMLElement>('.composer textarea')?.focus();
}
