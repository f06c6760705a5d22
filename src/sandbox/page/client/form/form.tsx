/**
 * A form that the bot opened for the acting person. What was typed is kept while the form stays open, also when the bot
 * changes it; errors stand at their fields, and the focus goes to the first one.
 */
import { type ReactNode, type SubmitEvent, useEffect, useRef, useState } from 'react';
import type { PageView } from '../../state.ts';
import { Blocks } from '../blocks/blocks.tsx';
import { Dialog } from '../dialog.tsx';
import { FieldsProvider, useFieldsOf } from '../fields/fields.tsx';
import { missing } from '../fields/values.ts';
import { Icon } from '../icons.tsx';
import { objectsAt, textAt, wordsAt } from '../json.ts';
import { useWorkspace } from '../workspace.tsx';
import { Field } from './field.tsx';

interface FormProps {
  readonly open: PageView;
  readonly channel: string;
  /** Stands in front of the form. */
  readonly children: ReactNode;
}

export function Form({ open, channel, children }: FormProps) {
  const { act, me } = useWorkspace();
  const [own, setOwn] = useState<Readonly<Record<string, string>>>({});
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const blocks = objectsAt(open.view, 'blocks');
  const fields = useFieldsOf({ viewId: open.id }, channel, blocks, open.id);
  const title = wordsAt(open.view, 'title');
  const send = wordsAt(open.view, 'submit');
  const errors = { ...open.errors, ...own };
  const wrong = JSON.stringify(errors);
  const firstField = blocks.findIndex((block) => textAt(block, 'type') === 'input');

  useEffect(() => {
    if (wrong !== '{}') form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [wrong]);

  // A form may be opened empty and filled a moment later; who is in a field already stays there.
  useEffect(() => {
    const inside = document.activeElement?.closest('.form-body') ?? null;
    if (firstField >= 0 && inside === null) form.current?.querySelector<HTMLElement>('[data-first]')?.focus();
  }, [firstField]);

  function touch(block: string): void {
    setOwn((before) => Object.fromEntries(Object.entries(before).filter(([id]) => id !== block)));
  }

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (busy) return;
    // Not what was drawn last: a date that was just typed to its end counts.
    const values = fields.collected();
    const problems = missing(blocks, values, channel);
    setOwn(problems);
    if (Object.keys(problems).length > 0) return;
    setBusy(true);
    await act({ kind: 'submit', user: me.id, viewId: open.id, values });
    setBusy(false);
  }

  const close = () => void act({ kind: 'close_view', user: me.id, viewId: open.id });

  return (
    <Dialog className="dialog form" onClose={close} title={title}>
      <form noValidate onSubmit={(event) => void submit(event)} ref={form}>
        <header className="dialog-head">
          <h2>{title}</h2>
          <button aria-label="Close the form" className="pane-close" onClick={close} type="button">
            <Icon name="close" />
          </button>
        </header>
        <FieldsProvider value={fields}>
          <div className="form-body">
            {blocks.map((block, place) => {
              const id = textAt(block, 'block_id');
              if (textAt(block, 'type') !== 'input') return <Blocks blocks={[block]} key={place} />;
              return (
                <Field block={block} error={errors[id] ?? null} first={place === firstField} key={id} onTouch={touch} />
              );
            })}
          </div>
        </FieldsProvider>
        <footer className="dialog-foot">
          <button className="button button-plain" onClick={close} type="button">
            {wordsAt(open.view, 'close') || 'Cancel'}
          </button>
          {send !== '' && (
            <button aria-busy={busy} className="button button-primary" type="submit">
              {send}
            </button>
          )}
        </footer>
      </form>
      {children}
    </Dialog>
  );
}
