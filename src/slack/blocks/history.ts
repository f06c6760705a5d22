/** All migrations in a form, newest first, a page at a time, with a search. Pure. */
import type { InputBlock, KnownBlock, ModalView } from '@slack/types';
import { migrationMatches, searchWords } from '../../domain/search.ts';
import type { MigrationView } from '../../domain/view.ts';
import { context, plain, section } from './elements.ts';
import { FIND_CHARACTERS, findInput, numberIn, pageOf, pageText, plainButton, readCarried, textIn } from './looking.ts';
import { migrationLine } from './migration-line.ts';

export const HISTORY_FORM = 'history';
export const TURN_HISTORY = ['history:newer', 'history:older'] as const;
export const PERSON_FIELD = 'person';
const MIGRATIONS_A_PAGE = 10;

/** Which page of which list somebody looks at. `person`: who asked for it or approved it; null: anybody. */
export interface HistoryPlace {
  readonly page: number;
  readonly words: string;
  readonly person: string | null;
}

export const WHOLE_HISTORY: HistoryPlace = { page: 0, words: '', person: null };

export function readHistoryPlace(privateMetadata: string): HistoryPlace {
  const carried = readCarried(privateMetadata);
  return {
    page: numberIn(carried, 'page') ?? 0,
    words: textIn(carried, 'words') ?? '',
    person: textIn(carried, 'person'),
  };
}

/** `all`: newest first. */
export function historyFound(all: readonly MigrationView[], place: Pick<HistoryPlace, 'words' | 'person'>) {
  const asked = [...searchWords(place.words), ...(place.person === null ? [] : [place.person.toLowerCase()])];
  return all.filter((view) => migrationMatches(view, asked));
}

export function historyView(
  all: readonly MigrationView[],
  place: HistoryPlace,
  linksOf: (shown: readonly MigrationView[]) => ReadonlyMap<string, string>,
): ModalView {
  const words = place.words.slice(0, FIND_CHARACTERS);
  const page = pageOf(historyFound(all, place), place.page, MIGRATIONS_A_PAGE);
  const carried: HistoryPlace = { ...place, words, page: page.page };
  const links = linksOf(page.items);
  const narrowed = words !== '' || place.person !== null;
  const none = narrowed ? 'No migration has all of that.' : 'There has been no migration yet.';
  const turns = [
    ...(page.page > 0 ? [plainButton('history:newer', '◀ Newer', String(page.page - 1))] : []),
    ...(page.page + 1 < page.pages ? [plainButton('history:older', 'Older ▶', String(page.page + 1))] : []),
  ];
  const actions: KnownBlock[] = turns.length === 0 ? [] : [{ type: 'actions', block_id: 'turn', elements: turns }];
  return {
    type: 'modal',
    callback_id: HISTORY_FORM,
    title: plain('Migrations', 24),
    submit: plain('Search', 24),
    close: plain('Close', 24),
    private_metadata: JSON.stringify(carried),
    blocks: [
      findInput('Search', 'A part of the id, the name, a host or the phase.', words),
      personInput(place.person),
      { type: 'divider' },
      context(`${narrowed ? 'Found: ' : ''}${pageText(page, 'migration')}, newest first.`),
      ...(page.of === 0 ? [section(none)] : page.items.map((view) => section(migrationLine(view, links.get(view.id))))),
      ...actions,
    ],
  };
}

function personInput(person: string | null): InputBlock {
  return {
    type: 'input',
    block_id: PERSON_FIELD,
    optional: true,
    label: plain('Asked for or approved by', 75),
    element: {
      type: 'users_select',
      action_id: PERSON_FIELD,
      placeholder: plain('Anybody', 75),
      ...(person === null ? {} : { initial_user: person }),
    },
  };
}
