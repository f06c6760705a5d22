/** Radio buttons and checkboxes. */
import { wordsAt } from '../json.ts';
import type { ControlProps } from './control.tsx';
import { optionsOf } from './values.ts';

export function Options({ id, label, element, value, invalid, first, onChange }: ControlProps) {
  const radio = element['type'] === 'radio_buttons';
  const chosen = typeof value === 'string' ? [value] : value;

  function turn(one: string, on: boolean): void {
    if (radio) onChange(one);
    else onChange(on ? [...chosen, one] : chosen.filter((other) => other !== one));
  }

  return (
    <div aria-label={label} className="choices" role={label === undefined ? undefined : radio ? 'radiogroup' : 'group'}>
      {optionsOf(element).map(({ value: one, option }, place) => (
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
