/**
 * Changes settings of servers and puts them back. Every change is in the journal with its old value before it is sent;
 * secret values are sealed there. A change counts when CONFIG GET shows it.
 */
import type { Effect, Side, StoredValue, Until } from '../domain/event.ts';
import { Secret } from '../domain/secret.ts';
import type { LedgerEntry } from '../domain/state.ts';
import { quoted } from '../domain/words.ts';
import { MASK } from '../log.ts';
import type { Hands, HandsDeps } from './hands.ts';
import type { Journal } from './journal.ts';
import { send } from './send.ts';

const SECRET_SETTINGS: readonly string[] = ['masterauth', 'primaryauth', 'requirepass'];

export interface Change {
  readonly shard: number;
  readonly side: Side;
  readonly name: string;
  readonly value: string | Secret;
  readonly why: string;
  readonly until: Until;
}

/**
 * Sets a setting unless it has that value already. Returns null when it is set, or a sentence about why not.
 * `still`: asked right before the change is journalled; false drops it.
 */
export async function changeSetting(
  change: Change,
  journal: Journal,
  hands: Hands,
  deps: HandsDeps,
  still: () => boolean,
): Promise<string | null> {
  const { shard, side, name, value } = change;
  const inspector = hands.inspector(shard, side);
  const old = await inspector.setting(name);
  if (old === null) return `${name} is not a setting of this server.`;
  const wanted = typeof value === 'string' ? value : value.reveal();
  const effect = effectOf(change, old, deps);
  if (old === wanted) {
    saw(change, journal);
    return null;
  }
  if (!still()) return 'The migration has moved on meanwhile.';
  const sent = await send(effect, journal, () => hands.operator(shard, side).setConfig(name, value));
  if (sent === null) return null;
  if (sent.outcome.kind === 'refused') return sent.outcome.detail;
  if ((await inspector.setting(name)) !== wanted) return `${name} was set and does not show it.`;
  journal.append([{ kind: 'seen', intent: sent.intent, detail: `${name} is set.` }]);
  return null;
}

function effectOf(change: Change, old: string, deps: HandsDeps): Effect {
  const { value, name, ...rest } = change;
  const wanted = typeof value === 'string' ? value : value.reveal();
  if (SECRET_SETTINGS.includes(name)) deps.registry.add(old);
  // Anything that is a password by itself (of a user who is called like it) would not come back from the journal.
  const isPassword = [old, wanted].some((one) => deps.registry.scrub(one) === MASK);
  const secret = SECRET_SETTINGS.includes(name) || isPassword;
  return { kind: 'set_config', name, ...rest, old: stored(old, secret, deps), value: secret ? null : wanted };
}

/** A setting as the ledger finds it. */
export type SettingPlace = Pick<Change, 'shard' | 'side' | 'name'>;

/** Journals a change that goes out with other commands in one packet. `old`: its value now. */
export function announceSetting(change: Change, old: string, journal: Journal, deps: HandsDeps): void {
  journal.append([{ kind: 'intent', effect: effectOf(change, old, deps) }]);
}

function openEntry({ shard, side, name }: SettingPlace, { state }: Journal): LedgerEntry | undefined {
  return state.ledger.find((one) => one.shard === shard && one.side === side && one.name === name && !one.closed);
}

/** The value that a setting of ours is to get back; null when we have not announced any change. */
export function oldSetting(place: SettingPlace, journal: Journal, deps: HandsDeps): string | null {
  const entry = openEntry(place, journal);
  return entry ? oldOf(entry, deps) : null;
}

function oldOf({ old }: LedgerEntry, deps: HandsDeps): string {
  return old.kind === 'plain' ? old.value : deps.passwords.open(old.box).reveal();
}

/** Journals that a setting was seen to have its old value, whoever has sent it. */
export function settingIsBack(place: SettingPlace, journal: Journal): void {
  const entry = openEntry(place, journal);
  if (!entry) return;
  const { shard, side, name } = place;
  const [intent] = journal.append([
    { kind: 'intent', effect: { kind: 'restore_config', shard, side, name, ledger: entry.intent } },
  ]);
  if (intent) journal.append([{ kind: 'seen', intent: intent.seq, detail: `${name} has its old value.` }]);
}

/** Journals that a setting keeps our value for good. `detail`: a sentence about why. */
export function settingStays(place: SettingPlace, journal: Journal, detail: string): void {
  const entry = openEntry(place, journal);
  if (entry) journal.append([{ kind: 'given_up', what: 'setting', ledger: entry.intent, shard: place.shard, detail }]);
}

/** It has our value, of which a bot that died in between had not yet written down that it was seen. */
function saw({ shard, side, name }: Change, journal: Journal): void {
  const entry = openEntry({ shard, side, name }, journal);
  if (entry && !entry.set) journal.append([{ kind: 'seen', intent: entry.lastSet, detail: `${name} is set.` }]);
}

/** Puts one entry back. Returns null when CONFIG GET shows the old value, or a sentence about why not. */
export async function restoreSetting(
  entry: LedgerEntry,
  journal: Journal,
  hands: Hands,
  deps: HandsDeps,
): Promise<string | null> {
  const { shard, side, name } = entry;
  const old = oldOf(entry, deps);
  const inspector = hands.inspector(shard, side);
  const now = await inspector.setting(name);
  if (entry.set && entry.value !== null && now !== null && now !== entry.value && now !== old) {
    const detail = `${name} on the ${side} was set to ${quoted(entry.value)} by us and is ${quoted(now)} now: somebody changed it, so it is not put back to ${quoted(old)}.`;
    journal.append([{ kind: 'given_up', what: 'setting', ledger: entry.intent, shard, detail }]);
    return null;
  }
  const already = now === old;
  const [intent] = journal.append([
    { kind: 'intent', effect: { kind: 'restore_config', shard, side, name, ledger: entry.intent } },
  ]);
  if (!intent) return null;
  if (!already) {
    const outcome = await hands.operator(shard, side).setConfig(name, old);
    journal.append([{ kind: 'answered', intent: intent.seq, outcome: outcome.kind, detail: outcome.detail }]);
    if (outcome.kind === 'refused') return outcome.detail;
    if ((await inspector.setting(name)) !== old) return `${name} was put back and does not show it.`;
  }
  journal.append([{ kind: 'seen', intent: intent.seq, detail: `${name} has its old value.` }]);
  return null;
}

function stored(value: string, secret: boolean, deps: HandsDeps): StoredValue {
  if (!secret || value === '') return { kind: 'plain', value };
  return { kind: 'sealed', box: deps.passwords.seal(new Secret(value)) };
}
