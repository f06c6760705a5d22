/** Buttons: they ask first where the bot wants that, and are busy until the bot has acknowledged the click. */
import { useEffect, useId, useRef, useState } from 'react';
import { Dialog } from '../dialog.tsx';
import { type JsonObject, objectAt, objectsAt, textAt, wordsAt } from '../json.ts';
import { useWorkspace } from '../workspace.tsx';
import type { BlockHost } from './blocks.tsx';
import { Drawn } from './drawn.tsx';

interface ElementProps {
  readonly blockId: string;
  readonly element: JsonObject;
  readonly host: BlockHost;
}

export function ActionsBlock({ block, host }: { readonly block: JsonObject; readonly host: BlockHost }) {
  const blockId = textAt(block, 'block_id');
  return (
    <div className="actions">
      {objectsAt(block, 'elements').map((element) => (
        <Element blockId={blockId} element={element} host={host} key={textAt(element, 'action_id')} />
      ))}
    </div>
  );
}

export function Element(props: ElementProps) {
  if (textAt(props.element, 'type') === 'button') return <ActionButton {...props} />;
  return <Drawn block={{ type: 'actions', elements: [props.element] }} />;
}

function ActionButton({ blockId, element, host }: ElementProps) {
  const { act, me } = useWorkspace();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const confirm = objectAt(element, 'confirm');
  const style = textAt(element, 'style');
  useFocusStaysNear(button);

  async function click(): Promise<void> {
    setAsking(false);
    setBusy(true);
    await act({ kind: 'click', user: me.id, ...host, actionId: textAt(element, 'action_id'), blockId });
    setBusy(false);
  }

  return (
    <>
      <button
        aria-busy={busy}
        aria-label={textAt(element, 'accessibility_label') || undefined}
        className={`button ${style === '' ? 'button-plain' : `button-${style}`}`}
        onClick={() => {
          if (busy) return;
          if (confirm === null) void click();
          else setAsking(true);
        }}
        ref={button}
        type="button"
      >
        {wordsAt(element, 'text')}
      </button>
      {asking && confirm !== null && (
        <Confirm confirm={confirm} onNo={() => setAsking(false)} onYes={() => void click()} />
      )}
    </>
  );
}

interface ConfirmProps {
  readonly confirm: JsonObject;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

function Confirm({ confirm, onYes, onNo }: ConfirmProps) {
  const words = useId();
  const danger = textAt(confirm, 'style') === 'danger';
  const title = wordsAt(confirm, 'title') || 'Are you sure?';
  const text = objectAt(confirm, 'text');
  return (
    <Dialog className="dialog confirm" describedBy={words} onClose={onNo} role="alertdialog" title={title}>
      <h2>{title}</h2>
      <div id={words}>{text !== null && <Drawn block={{ type: 'section', text }} />}</div>
      <div className="dialog-foot">
        <button className="button button-plain" data-first={danger ? '' : undefined} onClick={onNo} type="button">
          {wordsAt(confirm, 'deny') || 'Cancel'}
        </button>
        <button
          className={`button ${danger ? 'button-danger-solid' : 'button-primary'}`}
          data-first={danger ? undefined : ''}
          onClick={onYes}
          type="button"
        >
          {wordsAt(confirm, 'confirm') || 'Yes'}
        </button>
      </div>
    </Dialog>
  );
}

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
