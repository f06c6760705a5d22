/** What was typed and chosen in our forms. Pure; whatever Slack sends, it gives a value or null. */
import { CUTOVERS, isMigrationId, type PlanRequest } from '../domain/plan.ts';
import { type ConfirmContext, NAME_FIELD, REASON_CHARACTERS, REASON_FIELD } from './blocks/confirm.ts';
import { isActionId } from './blocks/elements.ts';
import { FIELDS } from './blocks/form.ts';
import { plainTyping, splitServers } from './typed-text.ts';

/** One input's state as Slack sends it back; the fields that our inputs use. */
export interface InputState {
  readonly value?: string | null | undefined;
  readonly selected_option?: { readonly value: string } | null | undefined;
  readonly selected_options?: readonly { readonly value: string }[] | null | undefined;
  readonly selected_conversation?: string | null | undefined;
}

export type FormState = Readonly<Record<string, Readonly<Record<string, InputState>>>>;

export interface StartForm {
  readonly request: PlanRequest;
  readonly channel: string | null;
}

export function readStartForm(state: FormState, privateMetadata: string): StartForm {
  const input = (field: string): InputState => state[field]?.[field] ?? {};
  const typedServers = (field: string) => splitServers(plainTyping(input(field).value ?? '').split(/\s+/));
  const typedName = plainTyping(input(FIELDS.name).value ?? '').trim();
  const chosen = input(FIELDS.cutover).selected_option?.value;
  const cutover = CUTOVERS.find((known) => known === chosen);
  return {
    request: {
      sources: typedServers(FIELDS.sources),
      destinations: typedServers(FIELDS.destinations),
      yesWipe: (input(FIELDS.wipe).selected_options ?? []).some((option) => option.value === 'yes'),
      ...(typedName === '' ? {} : { name: typedName }),
      ...(cutover === undefined ? {} : { cutover }),
    },
    channel: channelOf(privateMetadata) ?? input(FIELDS.channel).selected_conversation ?? null,
  };
}

function channelOf(privateMetadata: string): string | null {
  try {
    const data: unknown = JSON.parse(privateMetadata);
    const channel = data !== null && typeof data === 'object' && 'channel' in data ? data.channel : null;
    return typeof channel === 'string' ? channel : null;
  } catch {
    return null;
  }
}

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
