/** What stands in a form: by block_id and action_id, as the server takes it. Pure. */
import { type JsonObject, objectAt, objectsAt, textAt } from '../json.ts';

export type Value = string | readonly string[];
export type Values = Readonly<Record<string, Readonly<Record<string, Value>>>>;

export interface Option {
  readonly value: string;
  readonly option: JsonObject;
}

const MANY = ['checkboxes', 'multi_static_select', 'multi_external_select', 'multi_users_select'];

export function isMany(element: JsonObject): boolean {
  const type = textAt(element, 'type');
  return MANY.includes(type) || type.startsWith('multi_');
}

export function optionsOf(element: JsonObject): readonly Option[] {
  const grouped = objectsAt(element, 'option_groups').flatMap((group) => objectsAt(group, 'options'));
  return [...objectsAt(element, 'options'), ...grouped].map((option) => ({ value: textAt(option, 'value'), option }));
}

/** What the field begins with. `channel`: where the form was opened. */
export function initialValue(element: JsonObject, channel: string): Value {
  const many = objectsAt(element, 'initial_options').map((option) => textAt(option, 'value'));
  if (isMany(element)) return many;
  if (element['default_to_current_conversation'] === true) return channel;
  const keys = ['value', 'date', 'time', 'date_time', 'user', 'conversation', 'channel'];
  const plain = keys.map((key) => textAt(element, `initial_${key}`)).find((text) => text !== '');
  return plain ?? textAt(objectAt(element, 'initial_option'), 'value');
}

export function inputs(blocks: readonly JsonObject[]): readonly JsonObject[] {
  return blocks.filter((block) => textAt(block, 'type') === 'input');
}

export function valueIn(values: Values, block: JsonObject, channel: string): Value {
  const element = objectAt(block, 'element') ?? {};
  const typed = values[textAt(block, 'block_id')]?.[textAt(element, 'action_id')];
  return typed ?? initialValue(element, channel);
}

/** Everything that is filled in; an empty field is left out. */
export function collect(blocks: readonly JsonObject[], values: Values, channel: string): Values {
  const all: Record<string, Record<string, Value>> = {};
  for (const block of inputs(blocks)) {
    const id = textAt(block, 'block_id');
    const value = valueIn(values, block, channel);
    // An empty text, and not nothing: a field that was emptied must not fall back to what it began with.
    all[id] = { ...all[id], [textAt(objectAt(block, 'element'), 'action_id')]: value };
  }
  return all;
}

/** What Slack itself finds before it sends a form: block_id → sentence. */
export function missing(
  blocks: readonly JsonObject[],
  values: Values,
  channel: string,
): Readonly<Record<string, string>> {
  const problems: Record<string, string> = {};
  for (const block of inputs(blocks)) {
    const element = objectAt(block, 'element');
    const value = valueIn(values, block, channel);
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
