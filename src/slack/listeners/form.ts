/**
 * The form for a new migration: the Home tab's button, the first page, the second one. Each page is read and judged
 * before it is acknowledged, so that what is wrong stands at its field; only the second one starts anything.
 */
import type { App, BlockAction, ButtonAction, ViewOutput, ViewSubmitAction } from '@slack/bolt';
import { destinationsOf, matchedByName, reordered } from '../../domain/pair-order.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Asker } from '../answerer.ts';
import { isSlackProblem } from '../api.ts';
import { noticeForm } from '../blocks/elements.ts';
import { FIELDS, HOME_START, START_FORM } from '../blocks/form.ts';
import { FORM_PROBLEMS } from '../blocks/form-words.ts';
import { plural } from '../blocks/format.ts';
import { goneForm, orderBlock, PAIR_BUTTONS, PAIRS_FORM, type PairsContext, pairsForm } from '../blocks/pairs-form.ts';
import type { Draft } from '../drafts.ts';
import { type FieldErrors, readOrder, readPairsContext, readStartForm } from '../read-start-form.ts';
import { checkOnly } from './check.ts';
import { type Acknowledge, acknowledgeOnce, guarded, type ListenerDeps } from './deps.ts';
import { errorsAt, inputsOf } from './form-errors.ts';
import { hasGroups, openStartForm } from './open-form.ts';

/** At one field. */
const MOST_PROBLEMS = 3;

export function register(app: App, deps: ListenerDeps): void {
  app.action<BlockAction<ButtonAction>>(
    { type: 'block_actions', action_id: HOME_START },
    async ({ body, ack, respond }) => {
      const acknowledge = acknowledgeOnce(ack, deps, 'action');
      const channel = body.channel?.id ?? null;
      const asker: Asker = { user: body.user.id, channel, ...(channel === null ? {} : { respond }) };
      await guarded(deps, { what: 'action', acknowledge, asker }, async () => {
        await acknowledge();
        await openStartForm(deps, { triggerId: body.trigger_id, channel, asker });
      });
    },
  );

  app.view<ViewSubmitAction>({ type: 'view_submission', callback_id: START_FORM }, async ({ body, view, ack }) => {
    const acknowledge = acknowledgeOnce(ack, deps, 'form');
    const asker: Asker = { user: body.user.id, channel: null };
    await guarded(deps, { what: 'form', acknowledge, asker }, () => firstPage(deps, view, body.user.id, acknowledge));
  });

  app.view<ViewSubmitAction>({ type: 'view_submission', callback_id: PAIRS_FORM }, async ({ body, view, ack }) => {
    const acknowledge = acknowledgeOnce(ack, deps, 'form');
    const held = heldBy(deps, view, body.user.id);
    const asker: Asker = { user: body.user.id, channel: held?.draft.plan.channel ?? null };
    await guarded(deps, { what: 'form', acknowledge, asker }, () => secondPage(deps, view, held, asker, acknowledge));
  });

  app.action<BlockAction<ButtonAction>>(
    { type: 'block_actions', action_id: PAIR_BUTTONS },
    async ({ body, ack, action }) => {
      const acknowledge = acknowledgeOnce(ack, deps, 'action');
      const asker: Asker = { user: body.user.id, channel: null };
      await guarded(deps, { what: 'action', acknowledge, asker }, async () => {
        await acknowledge();
        if (body.view !== undefined) await changeOrder(deps, body.view, asker, action.action_id);
      });
    },
  );
}

async function firstPage(deps: ListenerDeps, view: ViewOutput, user: string, acknowledge: Acknowledge): Promise<void> {
  const refuse = (errors: FieldErrors) => acknowledge(errorsAt(errors, inputsOf(view)));
  const form = readStartForm(view.state.values, view.private_metadata, hasGroups(deps));
  if (!form.ok) return refuse(form.errors);
  const drafted = deps.service.draft(form.request, { user, channel: form.channel });
  if (!drafted.ok) return refuse(byField(drafted.problems, form.fieldOf));
  const { plan } = drafted;
  const draft = { plan, given: destinationsOf(plan), onlyCheck: form.onlyCheck, revision: 0 };
  const context = { draft: deps.drafts.put(draft), revision: draft.revision };
  // On top of the first page: whoever closes it is back there, with everything as it was typed.
  return acknowledge({ response_action: 'push', view: pairsForm({ ...draft, context, isChanged: false }) });
}

function byField(
  problems: readonly { readonly field: string | null; readonly text: string }[],
  fieldOf: { readonly sources: string; readonly destinations: string },
): FieldErrors {
  const at = new Map<string, string[]>();
  for (const { field, text } of problems) {
    const place = field === 'sources' || field === 'destinations' ? fieldOf[field] : (field ?? FIELDS.sources);
    at.set(place, [...(at.get(place) ?? []), text]);
  }
  return Object.fromEntries([...at].map(([place, texts]) => [place, someOf(texts)]));
}

/** A field is no place for a sentence about each of 200 servers. */
function someOf(texts: readonly string[]): string {
  const rest = texts.length - MOST_PROBLEMS;
  const shown = texts.slice(0, MOST_PROBLEMS).join(' ');
  return rest > 0 ? `${shown} And ${plural(rest, 'more problem')}.` : shown;
}

interface Held {
  readonly context: PairsContext;
  readonly draft: Draft;
}

function heldBy(deps: ListenerDeps, view: Pick<ViewOutput, 'private_metadata'>, user: string): Held | null {
  const context = readPairsContext(view.private_metadata);
  const draft = context === null ? null : deps.drafts.get(context.draft, user);
  return context === null || draft === null ? null : { context, draft };
}

async function secondPage(
  deps: ListenerDeps,
  view: ViewOutput,
  held: Held | null,
  asker: Asker,
  acknowledge: Acknowledge,
): Promise<void> {
  if (held === null) return acknowledge({ response_action: 'update', view: goneForm() });
  const { context, draft } = held;
  const fields = inputsOf(view);
  const refuse = (text: string) =>
    acknowledge(
      fields.length === 0
        ? { response_action: 'update', view: noticeForm(`✖️ ${text}`) }
        : errorsAt({ [orderBlock(context.revision, 0)]: text }, fields),
    );
  const typed = readOrder(view.state.values, context.revision);
  const wanted = typed === null ? { ok: true as const, plan: draft.plan } : reordered(draft.plan, typed);
  if (!wanted.ok) return refuse(wanted.problem);
  // A page that another one has replaced, or was to replace: what it showed is not what would start.
  if (context.revision !== draft.revision || !sameOrder(wanted.plan, draft.plan))
    return acknowledge({ response_action: 'update', view: shownAnew(deps, held, wanted.plan) });

  const plan = { ...draft.plan, createdAt: deps.clock.now() };
  const kept = draft.onlyCheck || (deps.service.view(plan.id) === null && deps.desk.keep(plan));
  if (!kept) return refuse(FORM_PROBLEMS.twoRequests);
  deps.drafts.drop(context.draft);
  await acknowledge({ response_action: 'clear' });
  return draft.onlyCheck ? checkOnly(deps, plan, asker) : deps.desk.carryOut(plan, asker);
}

async function changeOrder(
  deps: ListenerDeps,
  view: Pick<ViewOutput, 'id' | 'hash' | 'private_metadata'>,
  asker: Asker,
  button: string,
): Promise<void> {
  const held = heldBy(deps, view, asker.user);
  const given = held === null ? null : reordered(held.draft.plan, held.draft.given);
  const plan =
    held === null || given === null || !given.ok
      ? null
      : button === 'pairs:match'
        ? matchedByName(held.draft.plan)
        : given.plan;
  const next = held === null || plan === null ? goneForm() : shownAnew(deps, held, plan);
  try {
    await deps.api.call('views.update', { view_id: view.id, hash: view.hash, view: next });
  } catch (error) {
    if (!isSlackProblem(error)) throw error;
    // Closed or changed meanwhile: what is on the screen is newer than this click.
    deps.log.info({ code: error.code }, 'the pairs could not be shown in another order');
  }
}

function shownAnew(deps: ListenerDeps, { context, draft }: Held, plan: Plan) {
  const isChanged = context.revision !== draft.revision || !sameOrder(plan, draft.plan);
  const changed = { ...draft, plan, revision: draft.revision + 1 };
  deps.drafts.change(context.draft, changed);
  return pairsForm({ ...changed, context: { ...context, revision: changed.revision }, isChanged });
}

function sameOrder(one: Plan, other: Plan): boolean {
  const [before, after] = [destinationsOf(one), destinationsOf(other)];
  return before.every((address, place) => address === after[place]);
}
