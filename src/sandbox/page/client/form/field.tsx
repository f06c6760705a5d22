/** One input of a form: its label, the control, the hint, the error. */
import { useId } from 'react';
import { useClick } from '../blocks/act.tsx';
import { Control } from '../fields/control.tsx';
import { useFields } from '../fields/fields.tsx';
import { type Value, valueIn } from '../fields/values.ts';
import { type JsonObject, objectAt, textAt, wordsAt } from '../json.ts';

interface FieldProps {
  readonly block: JsonObject;
  readonly error: string | null;
  readonly first: boolean;
  /** Its error, if it had one, is old now. */
  readonly onTouch: (block: string) => void;
}

export function Field({ block, error, first, onTouch }: FieldProps) {
  const id = useId();
  const { values, change, channel } = useFields();
  const element = objectAt(block, 'element') ?? {};
  const blockId = textAt(block, 'block_id');
  const { click, question } = useClick({ blockId, element });
  const hint = wordsAt(block, 'hint');
  const optional = block['optional'] === true;
  const type = textAt(element, 'type');
  const written = type.endsWith('_input');
  const tells = block['dispatch_action'] === true;
  const described = [hint === '' ? '' : `${id}-hint`, error === null ? '' : `${id}-error`].filter(Boolean).join(' ');

  function onChange(next: Value): void {
    change(blockId, textAt(element, 'action_id'), next);
    onTouch(blockId);
    if (tells && (!written || asksFor(element, 'on_character_entered'))) click(next);
  }

  function onEnter(): boolean {
    if (!tells || !written || !asksFor(element, 'on_enter_pressed')) return false;
    click(valueIn(values, block, element, channel));
    return true;
  }

  const control = (
    <Control
      blockId={blockId}
      clearable={optional}
      describedBy={described === '' ? undefined : described}
      element={element}
      first={first}
      id={id}
      invalid={error !== null}
      onChange={onChange}
      onEnter={onEnter}
      required={!optional}
      value={valueIn(values, block, element, channel)}
    />
  );
  const name = (
    <>
      {wordsAt(block, 'label')}
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
      {question}
    </>
  );
  if (type === 'radio_buttons' || type === 'checkboxes') {
    return (
      <fieldset aria-describedby={described === '' ? undefined : described} className="field">
        <legend>{name}</legend>
        {control}
        {below}
      </fieldset>
    );
  }
  return (
    <div className="field">
      <label htmlFor={id}>{name}</label>
      {control}
      {below}
    </div>
  );
}

/** When a line of text is told to the bot; Slack's own: at Enter. */
function asksFor(element: JsonObject, when: string): boolean {
  const asked = objectAt(element, 'dispatch_action_config')?.['trigger_actions_on'];
  return Array.isArray(asked) ? asked.includes(when) : when === 'on_enter_pressed';
}
