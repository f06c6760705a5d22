/** What all the forms share in which people only look: what they carry, how they begin, how they turn pages. Pure. */
import type { Button, InputBlock, ModalView } from '@slack/types';
import type { MigrationId } from '../../domain/plan.ts';
import { buttonValue, context, plain } from './elements.ts';
import { plural } from './format.ts';

/** The button under a status message that opens the list of shards. Looking is no decision, so it is none of the engine's. */
export const DETAILS = 'migration:details';
export const FIND_FIELD = 'find';
export const FIND_CHARACTERS = 100;
/** Slack's limit for the title of a form. */
export const TITLE_CHARACTERS = 24;

export function detailsButton(migration: MigrationId): Button {
  return plainButton(DETAILS, 'Details', buttonValue(migration, 'details'));
}

export function plainButton(actionId: string, label: string, value: string): Button {
  return { type: 'button', action_id: actionId, text: plain(label, 75), value };
}

/** Opened at once, while the `trigger_id` lives; what it is about comes in its place. */
export function skeleton(title: string): ModalView {
  return {
    type: 'modal',
    title: plain(title, TITLE_CHARACTERS),
    close: plain('Close', 24),
    blocks: [context('One moment…')],
  };
}

export function findInput(label: string, hint: string, typed: string): InputBlock {
  return {
    type: 'input',
    block_id: FIND_FIELD,
    optional: true,
    label: plain(label, 75),
    hint: plain(hint, 150),
    element: {
      type: 'plain_text_input',
      action_id: FIND_FIELD,
      max_length: FIND_CHARACTERS,
      ...(typed === '' ? {} : { initial_value: typed }),
    },
  };
}

export interface Page<T> {
  readonly items: readonly T[];
  /** From 0; the last one there is when a later one was asked for. */
  readonly page: number;
  readonly pages: number;
  /** From 1, of the first item; 0 when there are none. */
  readonly from: number;
  readonly of: number;
}

export function pageOf<T>(all: readonly T[], asked: number, size: number): Page<T> {
  const pages = Math.max(1, Math.ceil(all.length / size));
  const page = Math.min(Math.max(0, Math.trunc(asked)), pages - 1);
  const items = all.slice(page * size, (page + 1) * size);
  return { items, page, pages, from: items.length === 0 ? 0 : page * size + 1, of: all.length };
}

/** "3 shards", "21 to 40 of 1,000 shards". */
export function pageText({ items, from, of }: Page<unknown>, noun: string): string {
  const all = plural(of, noun);
  return items.length === of ? all : `${from} to ${from + items.length - 1} of ${all}`;
}

/** What a form carries with it, read back; null when it is not of this version. */
export function readCarried(privateMetadata: string): Readonly<Record<string, unknown>> | null {
  try {
    const data: unknown = JSON.parse(privateMetadata);
    return data !== null && typeof data === 'object' ? { ...data } : null;
  } catch {
    return null;
  }
}

export function textIn(carried: Readonly<Record<string, unknown>> | null, field: string): string | null {
  const value = carried?.[field];
  return typeof value === 'string' ? value : null;
}

export function numberIn(carried: Readonly<Record<string, unknown>> | null, field: string): number | null {
  const value = carried?.[field];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
