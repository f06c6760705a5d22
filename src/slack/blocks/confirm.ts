/** The forms in which a migration's name is typed before something that cannot be undone, or a reason is given. Pure. */
import type { InputBlock, ModalView } from '@slack/types';
import type { MigrationId } from '../../domain/plan.ts';
import type { ActionId, ActionView, MigrationView } from '../../domain/view.ts';
import { bareName, sentence } from '../text.ts';
import { plain, section } from './elements.ts';
import { BUTTON_WORDS } from './words.ts';

export const NAME_FIELD = 'name';
export const REASON_FIELD = 'reason';
export const REASON_CHARACTERS = 300;
/** Slack's limit for the title of a form. */
const TITLE_CHARACTERS = 24;

/** What is done against the bot's own advice, or against what others want, is told to all, with a reason. */
export function asksReason(action: ActionId): boolean {
  return action === 'migration:override' || action === 'migration:break_glass' || action === 'migration:deny';
}

/** A no holds a migration back, and can be taken back: it takes no name. */
export function asksName(action: ActionId): boolean {
  return action !== 'migration:deny';
}

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

const nameInput: InputBlock = {
  type: 'input',
  block_id: NAME_FIELD,
  label: plain('Type the name to confirm', 75),
  element: { type: 'plain_text_input', action_id: NAME_FIELD, max_length: 200 },
};

const reasonInput: InputBlock = {
  type: 'input',
  block_id: REASON_FIELD,
  label: plain('Why? It is told to all', 75),
  element: {
    type: 'plain_text_input',
    action_id: REASON_FIELD,
    multiline: true,
    max_length: REASON_CHARACTERS,
  },
};

export function confirmForm(view: MigrationView, action: ActionView, channel: string): ModalView {
  const words = BUTTON_WORDS[action.action];
  const titles = [`${words.label}: are you sure?`, `${words.label}: sure?`, 'Are you sure?'];
  const title = titles.find((one) => one.length <= TITLE_CHARACTERS) ?? '';
  const data: ConfirmContext = { migration: view.id, action: action.action, value: action.value, channel };
  return {
    type: 'modal',
    callback_id: confirmCallback(action.action),
    title: plain(title, TITLE_CHARACTERS),
    submit: plain(words.yes, 24),
    close: plain('Not now', 24),
    private_metadata: JSON.stringify(data),
    blocks: [
      section(sentence(action.consequence === '' ? words.title : action.consequence, 2800)),
      {
        type: 'section',
        text: plain(
          `${asksName(action.action) ? "The migration's name is:\n" : 'Migration: '}${bareName(view.name, 200)}`,
          300,
        ),
      },
      ...(asksName(action.action) ? [nameInput] : []),
      ...(asksReason(action.action) ? [reasonInput] : []),
    ],
  };
}
