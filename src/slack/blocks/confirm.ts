/** The form in which a migration's name is typed before something that cannot be undone. Pure. */
import type { ModalView } from '@slack/types';
import type { MigrationId } from '../../domain/plan.ts';
import type { ActionId, ActionView, MigrationView } from '../../domain/view.ts';
import { bareName, sentence } from '../text.ts';
import { plain, section } from './elements.ts';
import { BUTTON_WORDS } from './words.ts';

export const NAME_FIELD = 'name';

/** `confirm:switch` for `gate:switch`. */
export function confirmCallback(action: ActionId): string {
  return `confirm:${action.slice(action.indexOf(':') + 1)}`;
}

export interface ConfirmContext {
  readonly migration: MigrationId;
  readonly action: ActionId;
  readonly value: string;
  /** Where to answer, because a form has no channel. */
  readonly channel: string;
}

export function confirmForm(view: MigrationView, action: ActionView, channel: string): ModalView {
  const words = BUTTON_WORDS[action.action];
  const data: ConfirmContext = { migration: view.id, action: action.action, value: action.value, channel };
  return {
    type: 'modal',
    callback_id: confirmCallback(action.action),
    title: plain(`${words.label}: are you sure?`, 24),
    submit: plain(words.yes, 24),
    close: plain('Not now', 24),
    private_metadata: JSON.stringify(data),
    blocks: [
      section(sentence(action.consequence === '' ? words.title : action.consequence, 2800)),
      { type: 'section', text: plain(`The migration's name is:\n${bareName(view.name, 200)}`, 300) },
      {
        type: 'input',
        block_id: NAME_FIELD,
        label: plain('Type the name to confirm', 75),
        element: { type: 'plain_text_input', action_id: NAME_FIELD, max_length: 200 },
      },
    ],
  };
}
