/** A click or a choice on its way to the bot: asks first where the bot wants that, busy until it was acknowledged. */
import { type ReactNode, useId, useState } from 'react';
import type { FieldValue } from '../../state.ts';
import { Dialog } from '../dialog.tsx';
import { useFields } from '../fields/fields.tsx';
import { type JsonObject, objectAt, textAt, wordsAt } from '../json.ts';
import { useWorkspace } from '../workspace.tsx';
import { Drawn } from './drawn.tsx';

export interface ElementProps {
  readonly blockId: string;
  readonly element: JsonObject;
}

interface Clicking {
  readonly busy: boolean;
  /** `choose` null: a button. `before`: what happens when the person is sure, before it is sent. */
  readonly click: (choose: FieldValue, before?: () => void) => void;
  /** What asks; has to be drawn somewhere. */
  readonly question: ReactNode;
}

export function useClick({ blockId, element }: ElementProps): Clicking {
  const { act, me } = useWorkspace();
  const { at, collected } = useFields();
  const [asking, setAsking] = useState<{ readonly go: () => void } | null>(null);
  const [busy, setBusy] = useState(false);
  const confirm = objectAt(element, 'confirm');

  async function send(choose: FieldValue): Promise<void> {
    setBusy(true);
    const actionId = textAt(element, 'action_id');
    await act({ kind: 'click', user: me.id, at, blockId, actionId, choose, values: collected() });
    setBusy(false);
  }

  function click(choose: FieldValue, before?: () => void): void {
    if (busy) return;
    const go = () => {
      setAsking(null);
      before?.();
      void send(choose);
    };
    if (confirm === null) go();
    else setAsking({ go });
  }

  return {
    busy,
    click,
    question: asking !== null && confirm !== null && (
      <Confirm confirm={confirm} onNo={() => setAsking(null)} onYes={asking.go} />
    ),
  };
}

/** A button and a menu's entry may have a `url` besides. */
export function openLink(source: JsonObject): void {
  const url = textAt(source, 'url');
  if (/^https?:\/\//i.test(url)) window.open(url, '_blank', 'noopener,noreferrer');
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
