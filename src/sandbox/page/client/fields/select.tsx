/**
 * Every select: one writes to find, arrows choose, Enter takes. One of several or several of them; from a list, or from
 * what the bot answers to what is typed.
 */
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { Icon } from '../icons.tsx';
import { type JsonObject, textAt, wordsAt } from '../json.ts';
import { useWorkspace } from '../workspace.tsx';
import { type Choice, choicesOf, initialChoices, isExternal, matching } from './choices.ts';
import type { ControlProps } from './control.tsx';
import { Listbox } from './listbox.tsx';
import { useOffered } from './offered.ts';
import { isMany } from './values.ts';

export function Select({ id, label, element, blockId, value, first, invalid, describedBy, ...props }: ControlProps) {
  const { state } = useWorkspace();
  const many = isMany(element);
  const external = isExternal(element);
  const [query, setQuery] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const field = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const offered = useOffered({ blockId, element, query: query ?? '', asks: external && open });
  const known = external ? [...initialChoices(element), ...offered.known] : choicesOf(element, state);
  const shown = external ? offered.choices : matching(known, query ?? '');
  const chosen = typeof value === 'string' ? (value === '' ? [] : [value]) : value;
  const wordsOf = (one: string) => known.find((choice) => choice.value === one)?.words ?? one;
  const most = Number(textAt(element, 'max_selected_items')) || Number.POSITIVE_INFINITY;

  function show(on: boolean): void {
    setOpen(on);
    setActive(-1);
    if (!on) setQuery(null);
  }

  function take(choice: Choice): void {
    if (!many) {
      show(false);
      if (choice.value !== value) props.onChange(choice.value);
      return;
    }
    setQuery(null);
    if (chosen.includes(choice.value)) props.onChange(chosen.filter((one) => one !== choice.value));
    else if (chosen.length < most) props.onChange([...chosen, choice.value]);
  }

  function onKey(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing) return;
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const current = shown[active];
    if (step !== 0) {
      event.preventDefault();
      if (open)
        setActive(active < 0 ? (step > 0 ? 0 : shown.length - 1) : (active + step + shown.length) % shown.length);
      else show(true);
    } else if (event.key === 'Enter') {
      // In a form it must not send the form.
      event.preventDefault();
      if (!open) show(true);
      else if (current !== undefined) take(current);
      else if (shown.length === 1 && shown[0] !== undefined) take(shown[0]);
    } else if (event.key === 'Escape' && open) {
      event.preventDefault();
      event.stopPropagation();
      show(false);
    } else if (event.key === 'Backspace' && many && (query ?? '') === '' && chosen.length > 0) {
      props.onChange(chosen.slice(0, -1));
    }
  }

  return (
    <div className="select" ref={field}>
      {many &&
        chosen.map((one) => (
          <span className="chip" key={one}>
            {wordsOf(one)}
            <button
              aria-label={`Remove ${wordsOf(one)}`}
              onClick={() => props.onChange(chosen.filter((other) => other !== one))}
              type="button"
            >
              <Icon name="close" size={11} />
            </button>
          </span>
        ))}
      <input
        aria-activedescendant={open && active >= 0 ? `${list}-${active}` : undefined}
        aria-autocomplete="list"
        aria-controls={open ? list : undefined}
        aria-describedby={describedBy}
        aria-expanded={open}
        aria-invalid={invalid}
        aria-label={label}
        aria-required={props.required}
        autoComplete="off"
        className="select-input"
        id={id}
        onBlur={() => show(false)}
        onChange={(event) => {
          setQuery(event.target.value);
          setOpen(true);
          setActive(-1);
        }}
        onClick={() => show(!open)}
        onKeyDown={onKey}
        placeholder={placeholderOf(element, chosen.map(wordsOf), many)}
        ref={input}
        role="combobox"
        spellCheck={false}
        type="text"
        value={query ?? (many || chosen[0] === undefined ? '' : wordsOf(chosen[0]))}
        {...(first ? { 'data-first': '' } : {})}
      />
      {!many && props.clearable && chosen.length > 0 && (
        <button aria-label="Choose nothing" className="select-clear" onClick={() => props.onChange('')} type="button">
          <Icon name="close" size={12} />
        </button>
      )}
      <Icon name="chevron" size={12} />
      <Listbox
        active={active}
        anchor={field}
        choices={shown}
        chosen={chosen}
        id={list}
        label={label ?? wordsAt(element, 'placeholder')}
        many={many}
        onTake={take}
        open={open}
        status={external ? offered.status : shown.length === 0 ? 'No results' : null}
      />
    </div>
  );
}

function placeholderOf(element: JsonObject, chosen: readonly string[], many: boolean): string {
  if (many && chosen.length > 0) return '';
  return chosen[0] ?? (wordsAt(element, 'placeholder') || (many ? 'Choose some…' : 'Choose…'));
}
