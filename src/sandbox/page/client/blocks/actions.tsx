/** What can be clicked or chosen among the words of a message, a form or the Home tab. */
import { useEffect, useId, useRef } from 'react';
import { Control } from '../fields/control.tsx';
import { useFields } from '../fields/fields.tsx';
import { hasState, initialValue } from '../fields/values.ts';
import { type JsonObject, objectsAt, textAt, wordsAt } from '../json.ts';
import { type ElementProps, openLink, useClick } from './act.tsx';
import { Drawn } from './drawn.tsx';
import { Overflow } from './overflow.tsx';

export function ActionsBlock({ block }: { readonly block: JsonObject }) {
  const blockId = textAt(block, 'block_id');
  return (
    <div className="actions">
      {objectsAt(block, 'elements').map((element) => (
        <Element blockId={blockId} element={element} key={textAt(element, 'action_id')} />
      ))}
    </div>
  );
}

export function Element(props: ElementProps) {
  const type = textAt(props.element, 'type');
  if (type === 'button') return <ActionButton {...props} />;
  if (type === 'overflow') return <Overflow {...props} />;
  if (hasState(props.element)) return <Chooser {...props} />;
  return <Drawn block={{ type: 'actions', elements: [props.element] }} />;
}

function ActionButton({ blockId, element }: ElementProps) {
  const { busy, click, question } = useClick({ blockId, element });
  const button = useRef<HTMLButtonElement>(null);
  const style = textAt(element, 'style');
  useFocusStaysNear(button);
  return (
    <>
      <button
        aria-busy={busy}
        aria-label={textAt(element, 'accessibility_label') || undefined}
        className={`button ${style === '' ? 'button-plain' : `button-${style}`}`}
        onClick={() => click(null, () => openLink(element))}
        ref={button}
        type="button"
      >
        {wordsAt(element, 'text')}
      </button>
      {question}
    </>
  );
}

function Chooser({ blockId, element }: ElementProps) {
  const { values, change, channel } = useFields();
  const { busy, click, question } = useClick({ blockId, element });
  const id = useId();
  const action = textAt(element, 'action_id');
  const label =
    textAt(element, 'accessibility_label') || wordsAt(element, 'placeholder') || NAMES[textAt(element, 'type')];
  return (
    <div aria-busy={busy} className="chooser">
      <Control
        blockId={blockId}
        clearable={false}
        describedBy={undefined}
        element={element}
        first={false}
        id={id}
        invalid={false}
        label={label ?? 'Choose'}
        onChange={(next) => click(next, () => change(blockId, action, next))}
        onEnter={() => false}
        required={false}
        value={values[blockId]?.[action] ?? initialValue(element, channel)}
      />
      {question}
    </div>
  );
}

const NAMES: Readonly<Record<string, string>> = {
  datepicker: 'Date',
  timepicker: 'Time',
  datetimepicker: 'Date and time',
};

/** The click that completes a gate takes its button away: the focus goes to the message then, not to nowhere. */
function useFocusStaysNear(button: React.RefObject<HTMLButtonElement | null>): void {
  useEffect(() => {
    const message = button.current?.closest<HTMLElement>('[data-message]');
    const own = button.current;
    let had = false;
    const track = () => {
      had = document.activeElement === own;
    };
    document.addEventListener('focusin', track);
    return () => {
      document.removeEventListener('focusin', track);
      queueMicrotask(() => {
        if (had && document.activeElement === document.body) message?.focus({ preventScroll: true });
      });
    };
  }, [button]);
}
