/** The open list of a select. The keyboard stays in the field: it moves here by aria-activedescendant. */
import { type RefObject, useEffect, useRef } from 'react';
import { Icon } from '../icons.tsx';
import type { Choice } from './choices.ts';
import { usePopup } from './popup.ts';

interface ListboxProps {
  readonly id: string;
  readonly label: string;
  readonly anchor: RefObject<HTMLElement | null>;
  readonly open: boolean;
  readonly choices: readonly Choice[];
  readonly chosen: readonly string[];
  readonly active: number;
  readonly many: boolean;
  /** What stands below the choices, or instead of them. */
  readonly status: string | null;
  readonly onTake: (choice: Choice) => void;
}

export function Listbox({ id, label, anchor, open, choices, chosen, active, many, status, onTake }: ListboxProps) {
  const own = useRef<HTMLDivElement>(null);
  usePopup(own, anchor, open);
  useEffect(() => {
    own.current?.querySelector('[data-active]')?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  return (
    <div
      className="popup"
      onMouseDown={(event) => event.preventDefault()}
      popover="manual"
      ref={own}
      role="presentation"
    >
      {open && (
        <>
          <div aria-label={label} aria-multiselectable={many} id={id} role="listbox" tabIndex={-1}>
            {choices.map((choice, place) => (
              <div key={`${choice.group} ${choice.value}`} role="presentation">
                {choice.group !== '' && choice.group !== choices[place - 1]?.group && (
                  <div className="popup-group" role="presentation">
                    {choice.group}
                  </div>
                )}
                <div
                  aria-selected={chosen.includes(choice.value)}
                  className={place === active ? 'popup-item popup-active' : 'popup-item'}
                  data-active={place === active ? '' : undefined}
                  id={`${id}-${place}`}
                  onMouseDown={(event) => {
                    // The field keeps the focus.
                    event.preventDefault();
                    if (event.button === 0) onTake(choice);
                  }}
                  role="option"
                  tabIndex={-1}
                >
                  <span>
                    {choice.words}
                    {choice.about !== '' && <small>{choice.about}</small>}
                  </span>
                  {chosen.includes(choice.value) && <Icon name="check" size={14} />}
                </div>
              </div>
            ))}
          </div>
          <p className="popup-status" hidden={status === null} role="status">
            {status}
          </p>
        </>
      )}
    </div>
  );
}
