/** What was typed and chosen in the two pages of the form for a new migration. Pure; whatever Slack sends, it gives a request or errors at fields. */
import { type Canary, CUTOVERS, type PlanRequest, type ScheduleRequest } from '../domain/plan.ts';
import { FIELDS } from './blocks/form.ts';
import { FORM_PROBLEMS as PROBLEMS } from './blocks/form-words.ts';
import { ORDER_FIELD, orderBlock, type PairsContext } from './blocks/pairs-form.ts';
import { DEFAULT_SOAK, soakMsOf } from './parse-canary.ts';
import { halfAnAddress } from './parse-request.ts';
import type { FormState, InputState } from './read-form.ts';
import { plainTyping, splitServers } from './typed-text.ts';

/** block_id → what is wrong there. */
export type FieldErrors = Readonly<Record<string, string>>;

export type StartForm =
  | {
      readonly ok: true;
      readonly request: PlanRequest;
      readonly channel: string;
      readonly onlyCheck: boolean;
      /** Where a problem of each side is shown: the field that was used. */
      readonly fieldOf: { readonly sources: string; readonly destinations: string };
    }
  | { readonly ok: false; readonly errors: FieldErrors };

/** `hasGroups`: whether the form offered any. */
export function readStartForm(state: FormState, privateMetadata: string, hasGroups: boolean): StartForm {
  const input = (field: string): InputState => state[field]?.[field] ?? {};
  const ticked = (field: string) => (input(field).selected_options ?? []).some((option) => option.value === 'yes');
  const text = (field: string) => plainTyping(input(field).value ?? '').trim();

  const errors: Record<string, string> = {};
  const old = side(input(FIELDS.sourcesGroup), input(FIELDS.sources));
  const fresh = side(input(FIELDS.destinationsGroup), input(FIELDS.destinations));
  const noSources = hasGroups ? PROBLEMS.noSources : PROBLEMS.noSourcesWritten;
  const noDestinations = hasGroups ? PROBLEMS.noDestinations : PROBLEMS.noDestinationsWritten;
  errors[FIELDS.sources] = sideProblem(old, noSources);
  errors[FIELDS.destinations] = sideProblem(fresh, noDestinations);
  const canary = readCanary(text(FIELDS.canary), text(FIELDS.soak), errors);
  const channel = channelOf(privateMetadata) ?? input(FIELDS.channel).selected_conversation ?? null;
  if (channel === null) errors[FIELDS.channel] = PROBLEMS.channel;
  const wrong = Object.fromEntries(Object.entries(errors).filter(([, problem]) => problem !== ''));
  if (channel === null || Object.keys(wrong).length > 0) return { ok: false, errors: wrong };

  const schedule = scheduleOf(text, input(FIELDS.at).selected_date_time ?? null, ticked(FIELDS.autoSwitch));
  const typedName = text(FIELDS.name);
  const reason = text(FIELDS.reason);
  const chosen = input(FIELDS.cutover).selected_option?.value;
  const cutover = CUTOVERS.find((known) => known === chosen);
  return {
    ok: true,
    channel,
    onlyCheck: ticked(FIELDS.check),
    fieldOf: {
      sources: old.group === null ? FIELDS.sources : FIELDS.sourcesGroup,
      destinations: fresh.group === null ? FIELDS.destinations : FIELDS.destinationsGroup,
    },
    request: {
      sources: serversOf(old),
      destinations: serversOf(fresh),
      yesWipe: ticked(FIELDS.wipe),
      ...(typedName === '' ? {} : { name: typedName }),
      ...(cutover === undefined ? {} : { cutover }),
      ...(canary === null ? {} : { canary }),
      ...(schedule === null ? {} : { schedule }),
      ...(reason === '' ? {} : { reason }),
    },
  };
}

interface Side {
  readonly group: string | null;
  readonly servers: readonly string[];
}

function side(group: InputState, list: InputState): Side {
  return { group: group.selected_option?.value ?? null, servers: typedServers(list.value ?? '') };
}

function typedServers(text: string): readonly string[] {
  return splitServers(plainTyping(text).split(/\s+/));
}

/** Empty where all is well. */
function sideProblem({ group, servers }: Side, nothing: string): string {
  if (group !== null) return servers.length > 0 ? PROBLEMS.bothSides : '';
  return servers.length === 0 ? nothing : (halfAnAddress(servers) ?? '');
}

function serversOf({ group, servers }: Side): readonly string[] {
  return group === null ? servers : [group];
}

function readCanary(shard: string, soak: string, errors: Record<string, string>): Canary | null {
  const number = /^\d{1,6}$/.test(shard) ? Number(shard) : 0;
  const soakMs = soakMsOf(soak === '' ? DEFAULT_SOAK : soak);
  if (shard !== '' && number < 1) errors[FIELDS.canary] = PROBLEMS.canary;
  if (soakMs === null) errors[FIELDS.soak] = PROBLEMS.soak;
  else if (shard === '' && soak !== '') errors[FIELDS.soak] = PROBLEMS.soakAlone;
  return number < 1 || soakMs === null ? null : { shard: number - 1, soakMs };
}

/** The zone begins with the person's own, so by itself it asks for nothing. */
function scheduleOf(
  text: (field: string) => string,
  seconds: number | null,
  autoSwitch: boolean,
): ScheduleRequest | null {
  const [window, windowMinutes, zone] = [FIELDS.window, FIELDS.windowMinutes, FIELDS.zone].map(text);
  if (seconds === null && !window && !windowMinutes && !autoSwitch) return null;
  return {
    ...(seconds === null ? {} : { at: new Date(seconds * 1000).toISOString() }),
    ...(window ? { window } : {}),
    ...(windowMinutes ? { windowMinutes } : {}),
    ...(zone && (window || seconds !== null) ? { zone } : {}),
    ...(autoSwitch ? { autoSwitch } : {}),
  };
}

function channelOf(privateMetadata: string): string | null {
  const channel = dataOf(privateMetadata)['channel'];
  return typeof channel === 'string' ? channel : null;
}

export function readPairsContext(privateMetadata: string): PairsContext | null {
  const { draft, revision } = dataOf(privateMetadata);
  return typeof draft === 'string' && typeof revision === 'number' ? { draft, revision } : null;
}

/** The new servers as they stand in the fields of the second page; null where it has no such field. */
export function readOrder(state: FormState, revision: number): readonly string[] | null {
  const parts: string[] = [];
  for (let part = 0; ; part++) {
    const block = state[orderBlock(revision, part)];
    if (block === undefined) break;
    parts.push(block[ORDER_FIELD]?.value ?? '');
  }
  return parts.length === 0 ? null : typedServers(parts.join('\n'));
}

function dataOf(privateMetadata: string): Readonly<Record<string, unknown>> {
  try {
    const data: unknown = JSON.parse(privateMetadata);
    return data !== null && typeof data === 'object' ? (data as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
