/**
 * Forms in which people only look: the shards of a migration, one shard, the history, the settings. Nothing here is
 * journalled and nothing changes. Whoever sees the message may look; the settings are for approvers. Every form is opened
 * at once, empty, because the `trigger_id` lives for three seconds, and filled right after; pages turn in their place.
 */
import type { App, BlockAction, ButtonAction, ViewSubmitAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { searchWords } from '../../domain/search.ts';
import type { Asker } from '../answerer.ts';
import { isSlackProblem } from '../api.ts';
import { say, told, unknownMigration } from '../blocks/answers.ts';
import {
  askedShard,
  DETAILS_FORM,
  type DetailsPlace,
  detailsTitle,
  detailsView,
  found,
  OPEN_SHARD,
  readDetailsPlace,
  TURN_DETAILS,
} from '../blocks/details.ts';
import { readButtonValue } from '../blocks/elements.ts';
import {
  HISTORY_FORM,
  type HistoryPlace,
  historyView,
  PERSON_FIELD,
  readHistoryPlace,
  TURN_HISTORY,
  WHOLE_HISTORY,
} from '../blocks/history.ts';
import { HOME_HISTORY, HOME_REFRESH, HOME_SETTINGS } from '../blocks/home.ts';
import { DETAILS, FIND_CHARACTERS, FIND_FIELD, skeleton } from '../blocks/looking.ts';
import { settingsView } from '../blocks/settings.ts';
import { readShardPlace, type ShardPlace, shardPage, shardTitle, TURN_SHARD } from '../blocks/shard-page.ts';
import { sentence } from '../text.ts';
import { plainTyping } from '../typed-text.ts';
import { acknowledgeOnce, guarded, type ListenerDeps } from './deps.ts';

interface Click {
  readonly body: BlockAction<ButtonAction>;
  readonly value: string;
  readonly actionId: string;
  readonly asker: Asker;
}

/** What is looked at is not there any more. */
const GONE = 'This migration is not in the journal. Close this and look at the history.';

export function register(app: App, deps: ListenerDeps): void {
  function onClick(actionIds: readonly string[], work: (click: Click) => Promise<void>): void {
    for (const actionId of actionIds) {
      app.action<BlockAction<ButtonAction>>(
        { type: 'block_actions', action_id: actionId },
        async ({ body, ack, action, respond }) => {
          const acknowledge = acknowledgeOnce(ack, deps, 'action');
          const channel = body.channel?.id ?? null;
          const asker: Asker = { user: body.user.id, channel, ...(channel === null ? {} : { respond }) };
          const click: Click = { body, value: action.value ?? '', actionId: action.action_id, asker };
          await guarded(deps, { what: 'action', acknowledge, asker }, async () => {
            await acknowledge();
            await work(click);
          });
        },
      );
    }
  }

  function onSubmit(callbackId: string, work: (form: Submitted) => object): void {
    app.view<ViewSubmitAction>({ type: 'view_submission', callback_id: callbackId }, async ({ body, view, ack }) => {
      const acknowledge = acknowledgeOnce(ack, deps, 'form');
      const asker: Asker = { user: body.user.id, channel: null };
      const typed = view.state.values[FIND_FIELD]?.[FIND_FIELD]?.value ?? '';
      const form = {
        carried: view.private_metadata,
        words: searchWords(plainTyping(typed)).join(' ').slice(0, FIND_CHARACTERS),
        person: view.state.values[PERSON_FIELD]?.[PERSON_FIELD]?.selected_user ?? null,
      };
      await guarded(deps, { what: 'form', acknowledge, asker }, () => acknowledge(work(form)));
    });
  }

  onClick([DETAILS], async (click) => {
    const migration = readButtonValue(click.value)?.migration;
    if (migration === undefined || deps.service.view(migration) === null)
      return deps.answerer.tell(click.asker, unknownMigration(migration ?? ''));
    const place: DetailsPlace = { migration, page: 0, words: '' };
    return open(deps, click, 'views.open', detailsTitle(migration), () => details(deps, place));
  });
  onClick(TURN_DETAILS, (click) => {
    const place = readDetailsPlace(click.body.view?.private_metadata ?? '');
    return turn(deps, click, place && details(deps, { ...place, page: Number(click.value) || 0 }));
  });
  onClick([OPEN_SHARD], async (click) => {
    const from = readDetailsPlace(click.body.view?.private_metadata ?? '');
    if (from === null) return;
    const place: ShardPlace = { migration: from.migration, shard: Number(click.value), before: null };
    await open(deps, click, 'views.push', shardTitle(from.migration, place.shard), () => shard(deps, place));
  });
  onClick(TURN_SHARD, (click) => {
    const place = readShardPlace(click.body.view?.private_metadata ?? '');
    return turn(deps, click, place && shard(deps, { ...place, before: eventsBefore(click, place) }));
  });
  onSubmit(DETAILS_FORM, ({ carried, words }) => {
    const place = readDetailsPlace(carried);
    const view = place && deps.service.view(place.migration);
    if (!place || !view) return errorAt(GONE);
    const index = askedShard(view, words);
    if (index !== null) return push(shard(deps, { migration: view.id, shard: index, before: null }) ?? notice(GONE));
    if (found(view, words).length === 0)
      return errorAt(
        `No shard has that in its address or state. The shards have the numbers 1 to ${view.shards.length}.`,
      );
    return update(detailsView(view, { migration: view.id, page: 0, words }));
  });

  onClick([HOME_HISTORY], (click) => open(deps, click, 'views.open', 'Migrations', () => history(deps, WHOLE_HISTORY)));
  onClick(TURN_HISTORY, (click) => {
    const place = readHistoryPlace(click.body.view?.private_metadata ?? '');
    return turn(deps, click, history(deps, { ...place, page: Number(click.value) || 0 }));
  });
  onSubmit(HISTORY_FORM, ({ words, person }) => update(history(deps, { page: 0, words, person })));

  onClick([HOME_SETTINGS], async (click) => {
    const { settings } = deps;
    await open(deps, click, 'views.open', 'Settings', async () => {
      const permission = await deps.authorizer.mayApprove(click.asker.user);
      if (!permission.ok) return notice(told(permission.why).text);
      return settings === undefined ? null : settingsView(settings);
    });
  });
  onClick([HOME_REFRESH], async (click) => deps.home.clicked(click.asker.user, null));
}

/** Which events are shown next: those that are shown, older ones, or the newest. */
function eventsBefore({ actionId, value }: Click, { before }: ShardPlace): number | null {
  if (actionId === 'shard:refresh') return before;
  return actionId === 'shard:older' ? Number(value) || null : null;
}

interface Submitted {
  /** The form's private_metadata. */
  readonly carried: string;
  readonly words: string;
  readonly person: string | null;
}

function details(deps: ListenerDeps, place: DetailsPlace): ModalView | null {
  const view = deps.service.view(place.migration);
  return view && detailsView(view, place);
}

function shard(deps: ListenerDeps, place: ShardPlace): ModalView | null {
  const detail = deps.service.shard(place.migration, place.shard, place.before);
  return detail && shardPage(detail, place.before);
}

function history(deps: ListenerDeps, place: HistoryPlace): ModalView {
  return historyView(deps.service.views('all'), place, (views) => deps.links.of(views));
}

/** Opens an empty form, then fills it. */
async function open(
  deps: ListenerDeps,
  click: Click,
  method: 'views.open' | 'views.push',
  title: string,
  make: () => ModalView | null | Promise<ModalView | null>,
): Promise<void> {
  try {
    const opened = await deps.api.call(method, { trigger_id: click.body.trigger_id, view: skeleton(title) });
    const id = opened['view'];
    const viewId = id !== null && typeof id === 'object' && 'id' in id ? String(id.id) : '';
    await deps.api.call('views.update', { view_id: viewId, view: (await make()) ?? notice(GONE) });
  } catch (error) {
    await complain(deps, click, error);
  }
}

/** Puts another page in the place of the one that was clicked in. */
async function turn(deps: ListenerDeps, click: Click, view: ModalView | null): Promise<void> {
  try {
    await deps.api.call('views.update', { view_id: click.body.view?.id ?? '', view: view ?? notice(GONE) });
  } catch (error) {
    await complain(deps, click, error);
  }
}

async function complain(deps: ListenerDeps, { asker, body }: Click, error: unknown): Promise<void> {
  if (!isSlackProblem(error)) throw error;
  deps.log.warn({ code: error.code }, 'a form to look at something could not be shown');
  // Closed meanwhile: nobody looks at it any more.
  if (error.code === 'not_found') return;
  const text = `✖️ Slack did not show that (\`${sentence(error.code, 60)}\`). Please click again.`;
  if (body.view?.type === 'home') deps.home.clicked(asker.user, text);
  else if (asker.channel !== null) await deps.answerer.tell(asker, say(text));
}

function notice(text: string): ModalView {
  return { ...skeleton('Not there'), blocks: [{ type: 'section', text: { type: 'mrkdwn', text } }] };
}

function push(view: ModalView): object {
  return { response_action: 'push', view };
}

function update(view: ModalView): object {
  return { response_action: 'update', view };
}

function errorAt(text: string): object {
  return { response_action: 'errors', errors: { [FIND_FIELD]: text } };
}
