/**
 * What the page asks for: checked, then done. What happens in Slack goes to the workspace as a person's act, everything
 * else to the world. Owns nothing. An act that a person could not do, or that goes wrong, is told as a sentence.
 */
import { z } from 'zod';
import type { SandboxSlack } from '../slack/index.ts';
import { isObject } from '../slack/json.ts';
import type { Act, Acted, World } from './state.ts';

const id = z.string().min(1).max(100);
const text = z.string().max(20_000);
const place = { user: id, channel: id };
const field = z.union([z.string().max(3_000), z.array(z.string().max(300)).max(100), z.null()]);
const values = z.record(z.string(), z.record(z.string(), field));
const acting = {
  user: id,
  at: z.union([z.object({ channel: id, ts: id }), z.object({ viewId: id })]),
  blockId: z.string().min(1).max(255),
  actionId: z.string().min(1).max(255),
  values,
};

const ACT = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('command'), ...place, text }),
  z.object({ kind: z.literal('shortcut'), ...place, ts: id }),
  z.object({ kind: z.literal('say'), ...place, text: text.min(1), threadTs: id.nullable() }),
  z.object({ kind: z.literal('click'), ...acting, choose: field }),
  z.object({ kind: z.literal('suggest'), ...acting, query: z.string().max(300) }),
  z.object({ kind: z.literal('submit'), user: id, viewId: id, values }),
  z.object({ kind: z.literal('close_view'), user: id, viewId: id }),
  z.object({ kind: z.literal('open_home'), user: id }),
  z.object({ kind: z.literal('point_application'), shard: z.number().int().nonnegative().nullable() }),
  z.object({ kind: z.enum(['flood_writes', 'freeze_deployments', 'allow_deployments', 'stop_bot', 'start_bot']) }),
  z.object({
    kind: z.enum(['kill_server', 'start_server', 'cut_link', 'mend_link', 'slow_destination']),
    server: id,
  }),
]) satisfies z.ZodType<Act>;

type SlackAct = Extract<Act, { readonly user: string }>;
export type WorldAct = Exclude<Act, SlackAct>;

/** The world outside Slack, as the page needs it. */
export interface WorldSource {
  state(): World;
  /** Called whenever `state` may have become another one. Returns what ends it. */
  onChange(listener: () => void): () => void;
  /** Rejects with a sentence when it can't be done. */
  act(act: WorldAct): Promise<void>;
}

/** Null: this is no act. */
export function readAct(json: unknown): Act | null {
  const read = ACT.safeParse(json);
  return read.success ? read.data : null;
}

export async function carryOut(act: Act, slack: SandboxSlack, world: WorldSource): Promise<Acted> {
  try {
    if (act.kind === 'suggest') return await suggest(act, slack);
    const trouble = isOfSlack(act) ? await inSlack(act, slack) : await inWorld(act, world);
    return { ok: trouble === null, trouble };
  } catch (error) {
    return { ok: false, trouble: error instanceof Error ? error.message : String(error) };
  }
}

function isOfSlack(act: Act): act is SlackAct {
  return 'user' in act;
}

async function inWorld(act: WorldAct, world: WorldSource): Promise<null> {
  await world.act(act);
  return null;
}

/** What the person sees gone wrong; null when all is well. */
async function inSlack(act: Exclude<SlackAct, { kind: 'suggest' }>, slack: SandboxSlack): Promise<string | null> {
  const { user } = act;
  switch (act.kind) {
    case 'command':
      return command(act, slack);
    case 'shortcut':
      return (await slack.shortcut({ user, channel: act.channel, ts: act.ts, callbackId: SHORTCUT })).trouble;
    case 'say': {
      const { channel, threadTs } = act;
      slack.say({ user, channel, text: escaped(act.text), ...(threadTs === null ? {} : { threadTs }) });
      return null;
    }
    case 'click': {
      const { at, actionId, blockId, choose, values: others } = act;
      const chosen = choose === null ? {} : { choose };
      return (await slack.click({ user, ...at, actionId, blockId, ...chosen, values: others })).trouble;
    }
    case 'submit':
      return (await slack.submit({ user, viewId: act.viewId, values: act.values })).trouble;
    case 'close_view':
      return (await slack.closeView({ user, viewId: act.viewId })).trouble;
    case 'open_home':
      return (await slack.openHome(user)).trouble;
  }
}

/** As Slack's client sends what is typed: nobody calls the channel by hand. */
function escaped(typed: string): string {
  return typed.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const COMMAND = '/redis-migrate';
/** As in manifest.yml. */
const SHORTCUT = 'migrate_from_message';

/** The text may begin with the command or be only what stands behind it. */
async function command(act: Extract<Act, { kind: 'command' }>, slack: SandboxSlack): Promise<string | null> {
  const [, typed = COMMAND, rest = ''] = /^(\/\S*)?\s*([\s\S]*)$/.exec(act.text.trim()) ?? [];
  if (typed !== COMMAND) return `${typed} is not a valid command. This workspace knows ${COMMAND}.`;
  const { trouble } = await slack.command({ user: act.user, channel: act.channel, text: rest });
  return trouble;
}

async function suggest(act: Extract<Act, { kind: 'suggest' }>, slack: SandboxSlack): Promise<Acted> {
  const { user, at, actionId, blockId, query, values: others } = act;
  const { trouble, ackBody } = await slack.suggest({ user, ...at, actionId, blockId, query, values: others });
  return { ok: trouble === null, trouble, ...(isObject(ackBody) ? { offered: ackBody } : {}) };
}
