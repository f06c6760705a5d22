/** The `state.values` of a form: what a person typed and chose, merged over what the fields started with. */
import { isObject, type JsonObject, stringAt } from './json.ts';
import type { SandboxBlock } from './workspace.ts';

/** A text stands for what was typed, or for the value of the chosen option; a list for several; an object is taken as is. */
export type FieldInput = string | readonly string[] | JsonObject | null;
export type FormInput = Readonly<Record<string, Readonly<Record<string, FieldInput>>>>;
export type StateValues = Record<string, Record<string, JsonObject>>;

interface Field {
  /** The key that holds the value in the state. */
  readonly key: string;
  /** The property of the element that it starts with. */
  readonly initial: string;
  readonly shape: 'text' | 'number' | 'option' | 'options' | 'list';
}

const FIELDS: Readonly<Record<string, Field>> = {
  plain_text_input: { key: 'value', initial: 'initial_value', shape: 'text' },
  email_text_input: { key: 'value', initial: 'initial_value', shape: 'text' },
  url_text_input: { key: 'value', initial: 'initial_value', shape: 'text' },
  number_input: { key: 'value', initial: 'initial_value', shape: 'text' },
  static_select: { key: 'selected_option', initial: 'initial_option', shape: 'option' },
  external_select: { key: 'selected_option', initial: 'initial_option', shape: 'option' },
  radio_buttons: { key: 'selected_option', initial: 'initial_option', shape: 'option' },
  multi_static_select: { key: 'selected_options', initial: 'initial_options', shape: 'options' },
  multi_external_select: { key: 'selected_options', initial: 'initial_options', shape: 'options' },
  checkboxes: { key: 'selected_options', initial: 'initial_options', shape: 'options' },
  users_select: { key: 'selected_user', initial: 'initial_user', shape: 'text' },
  multi_users_select: { key: 'selected_users', initial: 'initial_users', shape: 'list' },
  conversations_select: { key: 'selected_conversation', initial: 'initial_conversation', shape: 'text' },
  multi_conversations_select: { key: 'selected_conversations', initial: 'initial_conversations', shape: 'list' },
  channels_select: { key: 'selected_channel', initial: 'initial_channel', shape: 'text' },
  multi_channels_select: { key: 'selected_channels', initial: 'initial_channels', shape: 'list' },
  datepicker: { key: 'selected_date', initial: 'initial_date', shape: 'text' },
  timepicker: { key: 'selected_time', initial: 'initial_time', shape: 'text' },
  datetimepicker: { key: 'selected_date_time', initial: 'initial_date_time', shape: 'number' },
};

/** Everything that can be clicked or filled in, with the block that it is in. */
export function elementsOf(
  blocks: readonly SandboxBlock[],
): { readonly block: SandboxBlock; readonly element: JsonObject }[] {
  return blocks.flatMap((block) => {
    const inside: unknown = block.type === 'actions' ? block['elements'] : [];
    const all: unknown[] = [inside, block['accessory'], block['element']].flat();
    return all.filter(isObject).map((element) => ({ block, element }));
  });
}

/** block_id and action_id → what the bot has offered there. */
export type Offered = (block: string, action: string) => readonly JsonObject[];

function pick(element: JsonObject, value: string, offered: readonly JsonObject[]): JsonObject {
  const groups = Array.isArray(element['option_groups']) ? element['option_groups'].filter(isObject) : [];
  const initial = [element['initial_option'], element['initial_options']];
  const lists: unknown[] = [element['options'], ...groups.map((group) => group['options']), offered, ...initial];
  const options = lists.flat().filter(isObject);
  const found = options.find(
    (option) => option['value'] === value || (isObject(option['text']) && option['text']['text'] === value),
  );
  if (found !== undefined) return found;
  if (String(element['type']).includes('external')) return { text: { type: 'plain_text', text: value }, value };
  const known = options.map((option) => String(option['value'])).join(', ');
  throw new Error(`There is no option "${value}" in ${String(element['action_id'])}; there are: ${known}.`);
}

/** The state of one element after a person did something to it. */
export function stateOf(
  element: JsonObject,
  input: FieldInput | undefined,
  offered: readonly JsonObject[] = [],
): JsonObject | null {
  const type = String(element['type']);
  const field = FIELDS[type];
  if (field === undefined) return null;
  if (isObject(input)) return { type, ...input };
  const many = field.shape === 'options' || field.shape === 'list';
  if (input === undefined) return { type, [field.key]: element[field.initial] ?? (many ? [] : null) };
  if (input === null || input === '') return { type, [field.key]: many ? [] : null };
  const values = typeof input === 'string' ? [input] : input;
  const chosen = field.shape.startsWith('option') ? values.map((value) => pick(element, value, offered)) : values;
  if (field.shape === 'number') return { type, [field.key]: Number(chosen[0]) };
  return { type, [field.key]: many ? chosen : chosen[0] };
}

/** Throws a sentence when a field is named that the form doesn't have. */
export function formState(blocks: readonly SandboxBlock[], input: FormInput, offered: Offered = () => []): StateValues {
  const values: StateValues = {};
  for (const { block, element } of elementsOf(blocks)) {
    const action = String(element['action_id']);
    const state = stateOf(element, input[block.block_id]?.[action], offered(block.block_id, action));
    if (state !== null) values[block.block_id] = { ...values[block.block_id], [action]: state };
  }
  for (const [block, fields] of Object.entries(input)) {
    for (const action of Object.keys(fields)) {
      if (values[block]?.[action] !== undefined) continue;
      const known = Object.entries(values).flatMap(([id, actions]) =>
        Object.keys(actions).map((key) => `${id}/${key}`),
      );
      throw new Error(`The form has no field ${block}/${action}; it has: ${known.join(', ') || 'none'}.`);
    }
  }
  return values;
}

/** Why Slack's client would not let the person send the form; an empty list when it would. */
export function whyNotSubmittable(blocks: readonly SandboxBlock[], values: StateValues): string[] {
  return elementsOf(blocks).flatMap(({ block, element }) => {
    if (block.type !== 'input') return [];
    const state = values[block.block_id]?.[String(element['action_id'])] ?? {};
    const entered = Object.entries(state).find(([key]) => key !== 'type')?.[1];
    const empty =
      entered === null || entered === undefined || entered === '' || (Array.isArray(entered) && entered.length === 0);
    if (empty) return block['optional'] === true ? [] : [`Field "${block.block_id}" is required.`];
    if (element['type'] !== 'plain_text_input' || typeof entered !== 'string') return [];
    const min = Number(stringAt(element, 'min_length') ?? '0');
    const max = Number(stringAt(element, 'max_length') ?? '3000');
    if (entered.length < min) return [`Field "${block.block_id}" needs at least ${min} characters.`];
    return entered.length > max ? [`Field "${block.block_id}" takes at most ${max} characters.`] : [];
  });
}
