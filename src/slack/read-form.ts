/** What was typed in the forms that confirm. Pure; whatever Slack sends, it gives a value or null. */
import { isMigrationId } from '../domain/plan.ts';
import { type ConfirmContext, NAME_FIELD, REASON_CHARACTERS, REASON_FIELD } from './blocks/confirm.ts';
import { isActionId } from './blocks/elements.ts';

/** One input's state as Slack sends it back; the fields that our inputs use. */
export interface InputState {
  readonly value?: string | null | undefined;
  readonly selected_option?: { readonly value: string } | null | undefined;
  readonly selected_options?: readonly { readonly value: string }[] | null | undefined;
  /** Seconds since 1970. */
  readonly selected_date_time?: number | null | undefined;
  readonly selected_conversation?: string | null | undefined;
}

export type FormState = Readonly<Record<string, Readonly<Record<string, InputState>>>>;

export function readConfirmForm(
  state: FormState,
  privateMetadata: string,
): { context: ConfirmContext; typed: string; reason: string } | null {
  const context = contextOf(privateMetadata);
  const input = (field: string) => (state[field]?.[field]?.value ?? '').trim();
  const reason = input(REASON_FIELD).slice(0, REASON_CHARACTERS);
  return context === null ? null : { context, typed: input(NAME_FIELD), reason };
}

function contextOf(privateMetadata: string): ConfirmContext | null {
  try {
    const data = JSON.parse(privateMetadata) as Partial<Record<keyof ConfirmContext, unknown>>;
    const { migration, action, value, channel } = data;
    if (typeof migration !== 'string' || !isMigrationId(migration)) return null;
    if (typeof action !== 'string' || !isActionId(action)) return null;
    if (typeof value !== 'string' || typeof channel !== 'string') return null;
    return { migration, action, value, channel };
  } catch {
    return null;
  }
}
