/** What stands in the fields of a form or a message: by block_id and action_id, as the server takes it. Pure. */
import { type JsonObject, objectAt, objectsAt, textAt } from '../json.ts';

export type Value = string | readonly string[];
export type Values = Readonly<Record<string, Readonly<Record<string, Value>>>>;

export interface Option {
  readonly value: string;
  readonly option: JsonObject;
}

/** What Slack keeps the state of. */
const STATEFUL = [
  'plain_text_input',
  'email_text_input',
  'url_text_input',
  'number_input',
  'radio_buttons',
  'checkboxes',
  'datepicker',
  'timepicker',
  'datetimepicker',
  ...['static', 'external', 'users', 'conversations', 'channels'].flatMap((of) => [
    `${of}_select`,
    `multi_${of}_select`,
  ]),
];

export function hasState(element: JsonObject): boolean {
  return STATEFUL.includes(textAt(element, 'type'));
}

export function isMany(element: JsonObject): boolean {
  const type = textAt(element, 'type');
  return type === 'checkboxes' || type.startsWith('multi_');
}

export function optionsOf(element: JsonObject): readonly Option[] {
  const grouped = objectsAt(element, 'option_groups').flatMap((group) => objectsAt(group, 'options'));
  return [...objectsAt(element, 'options'), ...grouped].map((option) => ({ value: textAt(option, 'value'), option }));
}

const PLAIN_INITIALS = ['value', 'date', 'time', 'date_time', 'user', 'conversation', 'channel'];
const LIST_INITIALS = ['users', 'conversations', 'channels'];

/** What the field begins with. `channel`: where the form was opened. */
export function initialValue(element: JsonObject, channel: string): Value {
  if (isMany(element)) {
    const lists = LIST_INITIALS.flatMap((key) => element[`initial_${key}`]).filter((one) => typeof one === 'string');
    return [...objectsAt(element, 'initial_options').map((option) => textAt(option, 'value')), ...lists];
  }
  const plain = PLAIN_INITIALS.map((key) => textAt(element, `initial_${key}`)).find((text) => text !== '');
  if (plain !== undefined) return plain;
  if (element['default_to_current_conversation'] === true) return channel;
  return textAt(objectAt(element, 'initial_option'), 'value');
}

interface Placed {
  readonly block: JsonObject;
  readonly element: JsonObject;
}

function inputs(blocks: readonly JsonObject[]): readonly Placed[] {
  return blocks
    .filter((block) => textAt(block, 'type') === 'input')
    .map((block) => ({ block, element: objectAt(block, 'element') ?? {} }));
}

/** Those that stand among the words of a message or a form. */
function loose(blocks: readonly JsonObject[]): readonly Placed[] {
  return blocks.flatMap((block) => {
    const type = textAt(block, 'type');
    const accessory = type === 'section' ? objectAt(block, 'accessory') : null;
    const elements = type === 'actions' ? objectsAt(block, 'elements') : accessory === null ? [] : [accessory];
    return elements.map((element) => ({ block, element }));
  });
}

export function valueIn(values: Values, block: JsonObject, element: JsonObject, channel: string): Value {
  const typed = values[textAt(block, 'block_id')]?.[textAt(element, 'action_id')];
  return typed ?? initialValue(element, channel);
}

/** Every input as it stands, and what was chosen elsewhere. */
export function collect(blocks: readonly JsonObject[], values: Values, channel: string): Values {
  const all: Record<string, Record<string, Value>> = {};
  const put = ({ block, element }: Placed) => {
    if (!hasState(element)) return;
    const id = textAt(block, 'block_id');
    // An empty text, and not nothing: a field that was emptied must not fall back to what it began with.
    all[id] = { ...all[id], [textAt(element, 'action_id')]: valueIn(values, block, element, channel) };
  };
  for (const one of inputs(blocks)) put(one);
  for (const one of loose(blocks))
    if (values[textAt(one.block, 'block_id')]?.[textAt(one.element, 'action_id')] !== undefined) put(one);
  return all;
}

/** What Slack itself finds before it sends a form: block_id → sentence. */
export function missing(
  blocks: readonly JsonObject[],
  values: Values,
  channel: string,
): Readonly<Record<string, string>> {
  const problems: Record<string, string> = {};
  for (const { block, element } of inputs(blocks)) {
    const value = valueIn(values, block, element, channel);
    const id = textAt(block, 'block_id');
    const least = Number(textAt(element, 'min_length')) || 0;
    const most = Number(textAt(element, 'max_length')) || 3000;
    if (value.length === 0) {
      if (block['optional'] !== true) problems[id] = 'Please complete this required field.';
    } else if (typeof value === 'string' && value.length < least) problems[id] = `Write at least ${least} characters.`;
    else if (typeof value === 'string' && value.length > most) problems[id] = `Write at most ${most} characters.`;
  }
  return problems;
}
