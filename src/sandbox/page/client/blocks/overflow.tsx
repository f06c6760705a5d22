/** `overflow`: three dots, and a menu behind them. */
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from 'react';
import { usePopup } from '../fields/popup.ts';
import { optionsOf } from '../fields/values.ts';
import { Icon } from '../icons.tsx';
import { type JsonObject, wordsAt } from '../json.ts';
import { type ElementProps, openLink, useClick } from './act.tsx';

export function Overflow({ blockId, element }: ElementProps) {
  const { busy, click, question } = useClick({ blockId, element });
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const id = useId();
  usePopup(menu, button, open);
  // Behind usePopup: what is not shown yet takes no focus.
  useLayoutEffect(() => {
    if (open) menu.current?.querySelector<HTMLElement>('[role="menuitem"]')?.focus();
  }, [open]);
  const items = () => [...(menu.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];

  function close(): void {
    setOpen(false);
    button.current?.focus();
  }

  function take(value: string, option: JsonObject): void {
    close();
    click(value, () => openLink(option));
  }

  function onKey(event: KeyboardEvent): void {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      all[(at + step + all.length) % all.length]?.focus();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  }

  return (
    <>
      <button
        aria-busy={busy}
        aria-controls={open ? id : undefined}
        aria-expanded={open}
        aria-haspopup="menu"
        aria-label="More actions"
        className="button button-plain button-icon"
        onClick={() => setOpen(!open)}
        ref={button}
        type="button"
      >
        <Icon name="dots" />
      </button>
      <div
        className="popup"
        id={id}
        onBlur={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget) && event.relatedTarget !== button.current)
            setOpen(false);
        }}
        onKeyDown={onKey}
        popover="manual"
        ref={menu}
        role="menu"
        tabIndex={-1}
      >
        {open &&
          optionsOf(element).map(({ value, option }) => (
            <button
              className="popup-item"
              key={value}
              onClick={() => take(value, option)}
              role="menuitem"
              tabIndex={-1}
              type="button"
            >
              <span>
                {wordsAt(option, 'text')}
                {wordsAt(option, 'description') !== '' && <small>{wordsAt(option, 'description')}</small>}
              </span>
            </button>
          ))}
      </div>
      {question}
    </>
  );
}
