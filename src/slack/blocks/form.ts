/** The form behind the bare command. Pure. */
import type { KnownBlock, ModalView } from '@slack/types';
import type { Cutover } from '../../domain/plan.ts';
import { plain, section } from './elements.ts';

export const START_FORM = 'form:start';

/** block_id and action_id of each input. */
export const FIELDS = {
  sources: 'sources',
  destinations: 'destinations',
  name: 'name',
  cutover: 'cutover',
  wipe: 'wipe',
  channel: 'channel',
} as const;

const CUTOVER_OPTIONS = [
  {
    value: 'fenced',
    text: 'fenced',
    description: 'Proven: nothing is lost. Writes wait until the application is re-pointed.',
  },
  { value: 'overlap', text: 'overlap', description: 'No downtime, but a key written on both sides can be lost.' },
] as const satisfies readonly { value: Cutover; text: string; description: string }[];

/** `channel` null: the form asks for one. */
export function startForm(options: { readonly channel: string | null; readonly defaultCutover: Cutover }): ModalView {
  const radios = CUTOVER_OPTIONS.map((option) => ({
    value: option.value,
    text: plain(option.text, 75),
    description: plain(option.description, 75),
  }));
  const initial = radios.find((radio) => radio.value === options.defaultCutover);
  const blocks: KnownBlock[] = [
    section(
      'One server a line: `host:port`, `redis://user@host:port` or `rediss://…`, or the name of an inventory group. The first old server goes to the first new one, and so on. Never type a password here.',
    ),
    servers(FIELDS.sources, 'Old servers', 'old-1:6379\nold-2:6379'),
    servers(FIELDS.destinations, 'New servers', 'new-1:6379\nnew-2:6379'),
    {
      type: 'input',
      block_id: FIELDS.name,
      label: plain('Name', 75),
      optional: true,
      element: { type: 'plain_text_input', action_id: FIELDS.name, max_length: 80 },
    },
    {
      type: 'input',
      block_id: FIELDS.cutover,
      label: plain('Cut-over', 75),
      element: {
        type: 'radio_buttons',
        action_id: FIELDS.cutover,
        options: radios,
        ...(initial ? { initial_option: initial } : {}),
      },
    },
    {
      type: 'input',
      block_id: FIELDS.wipe,
      label: plain('Destinations that hold keys', 75),
      optional: true,
      element: {
        type: 'checkboxes',
        action_id: FIELDS.wipe,
        options: [
          {
            value: 'yes',
            text: plain('may be wiped', 75),
            description: plain('You will still be asked to type the name before it happens.', 75),
          },
        ],
      },
    },
  ];
  if (options.channel === null) {
    blocks.push({
      type: 'input',
      block_id: FIELDS.channel,
      label: plain('Channel to tell it in', 75),
      element: {
        type: 'conversations_select',
        action_id: FIELDS.channel,
        default_to_current_conversation: true,
        filter: { include: ['public', 'private'], exclude_bot_users: true },
      },
    });
  }
  return {
    type: 'modal',
    callback_id: START_FORM,
    title: plain('Migrate Redis servers', 24),
    submit: plain('Check', 24),
    close: plain('Cancel', 24),
    private_metadata: JSON.stringify({ channel: options.channel }),
    blocks,
  };
}

function servers(id: string, label: string, placeholder: string): KnownBlock {
  return {
    type: 'input',
    block_id: id,
    label: plain(label, 75),
    element: {
      type: 'plain_text_input',
      action_id: id,
      multiline: true,
      max_length: 3000,
      placeholder: plain(placeholder, 150),
    },
  };
}
