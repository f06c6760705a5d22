/** What there is to choose from in a select. Pure. */
import type { DemoState } from '../../state.ts';
import { type JsonObject, objectAt, objectsAt, textAt, wordsAt } from '../json.ts';

export interface Choice {
  readonly value: string;
  readonly words: string;
  readonly about: string;
  /** The label of its group; empty: it is in none. */
  readonly group: string;
}

/** Of `options` or `option_groups`, in a block or in the bot's answer to what was typed. */
export function choicesIn(source: JsonObject): readonly Choice[] {
  const from = (options: readonly JsonObject[], group: string) =>
    options.map((option) => ({
      value: textAt(option, 'value'),
      words: wordsAt(option, 'text'),
      about: wordsAt(option, 'description'),
      group,
    }));
  const groups = objectsAt(source, 'option_groups').flatMap((one) =>
    from(objectsAt(one, 'options'), wordsAt(one, 'label')),
  );
  return [...from(objectsAt(source, 'options'), ''), ...groups];
}

/** What an external select began with: nobody has asked for its words yet. */
export function initialChoices(element: JsonObject): readonly Choice[] {
  const one = objectAt(element, 'initial_option');
  return choicesIn({ options: [...(one === null ? [] : [one]), ...objectsAt(element, 'initial_options')] });
}

export function isSelect(element: JsonObject): boolean {
  return textAt(element, 'type').endsWith('_select');
}

export function isExternal(element: JsonObject): boolean {
  return textAt(element, 'type').endsWith('external_select');
}

export function choicesOf(element: JsonObject, state: Pick<DemoState, 'channels' | 'people'>): readonly Choice[] {
  const plain = (value: string, words: string) => ({ value, words, about: '', group: '' });
  switch (textAt(element, 'type').replace('multi_', '')) {
    case 'conversations_select':
    case 'channels_select':
      return state.channels.map(({ id, name }) => plain(id, `#${name}`));
    case 'users_select':
      return state.people.filter(({ role }) => role !== 'bot').map(({ id, name }) => plain(id, name));
    default:
      return choicesIn(element);
  }
}

/** By what was typed, anywhere in the words. */
export function matching(choices: readonly Choice[], query: string): readonly Choice[] {
  const wanted = query.trim().toLocaleLowerCase();
  return choices.filter(({ words }) => words.toLocaleLowerCase().includes(wanted));
}
