/** What one fills in or chooses with, by the kind of the element; in a form's field and among a message's words alike. */
import { type KeyboardEvent, useEffect, useState } from 'react';
import { type JsonObject, textAt, wordsAt } from '../json.ts';
import { isSelect } from './choices.ts';
import { useLatest } from './latest.ts';
import { Options } from './options.tsx';
import { Select } from './select.tsx';
import { hasState, type Value } from './values.ts';

export interface ControlProps {
  readonly id: string;
  /** Read out where no label stands beside it. */
  readonly label?: string | undefined;
  readonly element: JsonObject;
  readonly blockId: string;
  readonly value: Value;
  readonly first: boolean;
  readonly invalid: boolean;
  readonly describedBy: string | undefined;
  readonly required: boolean;
  /** Whether one may go back to having chosen nothing. */
  readonly clearable: boolean;
  readonly onChange: (value: Value) => void;
  /** Enter in a line of text; true: it was for that, and for nothing else. */
  readonly onEnter: () => boolean;
}

const DATES: Readonly<Record<string, string>> = {
  datepicker: 'date',
  timepicker: 'time',
  datetimepicker: 'datetime-local',
};
const LINES: Readonly<Record<string, string>> = {
  email_text_input: 'email',
  url_text_input: 'url',
  number_input: 'number',
};

export function Control(props: ControlProps) {
  const type = textAt(props.element, 'type');
  if (type === 'radio_buttons' || type === 'checkboxes') return <Options {...props} />;
  if (isSelect(props.element)) return <Select {...props} />;
  if (DATES[type] !== undefined) return <DateControl {...props} />;
  if (hasState(props.element)) return <TextControl {...props} />;
  return <p className="not-drawn">The demo does not draw {type.replaceAll('_', ' ')}.</p>;
}

function common({ id, label, invalid, describedBy, required, first }: ControlProps) {
  return {
    id,
    'aria-label': label,
    'aria-invalid': invalid,
    'aria-describedby': describedBy,
    'aria-required': required,
    ...(first ? { 'data-first': '' } : {}),
  };
}

function TextControl(props: ControlProps) {
  const { element, value, onChange, onEnter } = props;
  const text = {
    ...common(props),
    onChange: (event: { readonly target: { readonly value: string } }) => onChange(event.target.value),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing && onEnter())
        event.preventDefault();
    },
    placeholder: wordsAt(element, 'placeholder'),
    value: typeof value === 'string' ? value : '',
  };
  if (textAt(element, 'type') === 'plain_text_input' && element['multiline'] === true)
    return <textarea {...text} rows={4} spellCheck={false} />;
  return <input {...text} autoComplete="off" type={LINES[textAt(element, 'type')] ?? 'text'} />;
}

/** A date is whole when it is typed to its end: until the hands rest it is nobody's business. */
const REST_MS = 700;

function DateControl(props: ControlProps) {
  const { element, value, onChange } = props;
  const type = DATES[textAt(element, 'type')] ?? 'date';
  const shown = typeof value === 'string' ? (type === 'datetime-local' ? local(value) : value) : '';
  const [draft, setDraft] = useState<string | null>(null);
  const finish = useLatest(() => {
    if (draft === null) return;
    setDraft(null);
    if (draft !== shown) onChange(type === 'datetime-local' ? unix(draft) : draft);
  });

  useEffect(() => {
    if (draft === null) return undefined;
    const timer = setTimeout(() => finish.current(), REST_MS);
    return () => clearTimeout(timer);
  }, [draft, finish]);

  return (
    <input
      {...common(props)}
      className="date"
      onBlur={() => finish.current()}
      onChange={(event) => setDraft(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') finish.current();
      }}
      type={type}
      value={draft ?? shown}
    />
  );
}

/** Slack's date and time in one is in seconds since 1970, the browser's is a local text. */
function unix(text: string): string {
  const at = new Date(text).getTime();
  return Number.isNaN(at) ? '' : String(Math.floor(at / 1000));
}

function local(seconds: string): string {
  if (seconds === '') return '';
  const at = new Date(Number(seconds) * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
