/** One input of a form: its label, the control, the hint, the error. */
import { useId } from 'react';
import { type JsonObject, objectAt, textAt, wordsAt } from '../json.ts';
import { useWorkspace } from '../workspace.tsx';
import { isMany, type Option, optionsOf, type Value } from './values.ts';

interface FieldProps {
  readonly block: JsonObject;
  readonly value: Value;
  readonly error: string | null;
  readonly first: boolean;
  readonly onChange: (action: string, value: Value) => void;
}

export function Field({ block, value, error, first, onChange }: FieldProps) {
  const id = useId();
  const element = objectAt(block, 'element') ?? {};
  const action = textAt(element, 'action_id');
  const hint = wordsAt(block, 'hint');
  const optional = block['optional'] === true;
  const label = wordsAt(block, 'label');
  const type = textAt(element, 'type');
  const grouped = type === 'radio_buttons' || isMany(element);
  const described = [hint === '' ? '' : `${id}-hint`, error === null ? '' : `${id}-error`].filter(Boolean).join(' ');
  const control: ControlProps = {
    id,
    element,
    value,
    first,
    invalid: error !== null,
    describedBy: described === '' ? undefined : described,
    required: !optional,
    onChange: (next) => onChange(action, next),
  };
  const name = (
    <>
      {label}
      {optional && <span className="optional"> (optional)</span>}
    </>
  );
  const below = (
    <>
      {error !== null && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
      {hint !== '' && (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </>
  );
  if (grouped) {
    return (
      <fieldset aria-describedby={control.describedBy} className="field">
        <legend>{name}</legend>
        <Choices {...control} />
        {below}
      </fieldset>
    );
  }
  return (
    <div className="field">
      <label htmlFor={id}>{name}</label>
      <Control {...control} />
      {below}
    </div>
  );
}

interface ControlProps {
  readonly id: string;
  readonly element: JsonObject;
  readonly value: Value;
  readonly first: boolean;
  readonly invalid: boolean;
  readonly describedBy: string | undefined;
  readonly required: boolean;
  readonly onChange: (value: Value) => void;
}

const INPUT_TYPES: Readonly<Record<string, string>> = {
  email_text_input: 'email',
  url_text_input: 'url',
  number_input: 'number',
  datepicker: 'date',
  timepicker: 'time',
  datetimepicker: 'datetime-local',
};

function Control({ id, element, value, first, invalid, describedBy, required, onChange }: ControlProps) {
  const { state } = useWorkspace();
  const type = textAt(element, 'type');
  const placeholder = wordsAt(element, 'placeholder');
  const text = typeof value === 'string' ? value : '';
  const common = {
    id,
    'aria-invalid': invalid,
    'aria-describedby': describedBy,
    'aria-required': required,
    ...(first ? { 'data-first': '' } : {}),
  };
  const choices = selectable(type, element, state);
  if (choices !== null) {
    return (
      <select {...common} onChange={(event) => onChange(event.target.value)} value={text}>
        <option value="">{placeholder || 'Choose…'}</option>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.words}
          </option>
        ))}
      </select>
    );
  }
  if (type === 'plain_text_input' && element['multiline'] === true) {
    return (
      <textarea
        {...common}
        onChange={(event) => onChange(event.target.value)}
        placeholder={placeholder}
        rows={4}
        spellCheck={false}
        value={text}
      />
    );
  }
  if (type === 'datetimepicker') {
    return (
      <input
        {...common}
        onChange={(event) => onChange(unix(event.target.value))}
        type="datetime-local"
        value={local(text)}
      />
    );
  }
  return (
    <input
      {...common}
      autoComplete="off"
      onChange={(event) => onChange(event.target.value)}
      placeholder={placeholder}
      type={INPUT_TYPES[type] ?? 'text'}
      value={text}
    />
  );
}

function Choices({ id, element, value, invalid, first, onChange }: ControlProps) {
  const { state } = useWorkspace();
  const type = textAt(element, 'type');
  const radio = type === 'radio_buttons';
  const people = selectable(type.replace('multi_', ''), element, state);
  const options: readonly Option[] =
    type === 'checkboxes' || radio || people === null
      ? optionsOf(element)
      : people.map((one) => ({ value: one.value, option: { text: one.words } }));
  const chosen = typeof value === 'string' ? [value] : value;

  function turn(one: string, on: boolean): void {
    if (radio) onChange(one);
    else onChange(on ? [...chosen, one] : chosen.filter((other) => other !== one));
  }

  return (
    <div className="choices">
      {options.map(({ value: one, option }, place) => (
        <label className="choice" key={one}>
          <input
            aria-invalid={invalid}
            checked={chosen.includes(one)}
            name={id}
            onChange={(event) => turn(one, event.target.checked)}
            type={radio ? 'radio' : 'checkbox'}
            {...(first && place === 0 ? { 'data-first': '' } : {})}
          />
          <span>
            <span className="choice-text">{wordsAt(option, 'text')}</span>
            {wordsAt(option, 'description') !== '' && (
              <span className="choice-about">{wordsAt(option, 'description')}</span>
            )}
          </span>
        </label>
      ))}
    </div>
  );
}

interface Choice {
  readonly value: string;
  readonly words: string;
}

function selectable(
  type: string,
  element: JsonObject,
  state: ReturnType<typeof useWorkspace>['state'],
): readonly Choice[] | null {
  switch (type) {
    case 'static_select':
      return optionsOf(element).map(({ value, option }) => ({ value, words: wordsAt(option, 'text') }));
    case 'conversations_select':
    case 'channels_select':
      return state.channels.map(({ id, name }) => ({ value: id, words: `#${name}` }));
    case 'users_select':
      return state.people.filter(({ role }) => role !== 'bot').map(({ id, name }) => ({ value: id, words: name }));
    default:
      return null;
  }
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
