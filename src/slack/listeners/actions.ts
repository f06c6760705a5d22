/**
 * Clicks on our buttons: keep → ack → judge. A click is in the journal before it is acknowledged. A button whose
 * action asks to type the name opens that form instead; the click that counts is the form's.
 */
import type { App, BlockAction, ButtonAction } from '@slack/bolt';
import type { ActionView, MigrationView } from '../../domain/view.ts';
import type { Asker } from '../answerer.ts';
import { isSlackProblem } from '../api.ts';
import { say, told, unknownMigration } from '../blocks/answers.ts';
import { confirmForm } from '../blocks/confirm.ts';
import { isActionId, readButtonValue } from '../blocks/elements.ts';
import { COMMAND } from '../blocks/words.ts';
import { sentence } from '../text.ts';
import { type Acknowledge, acknowledgeOnce, guarded, type ListenerDeps } from './deps.ts';

/** Every button of ours that decides something, those of later and earlier versions too: each click gets an answer. */
export const BUTTONS = /^(gate|migration):(?!details$)/;

interface Click {
  readonly body: BlockAction<ButtonAction>;
  readonly asker: Asker;
  readonly acknowledge: Acknowledge;
}

export function register(app: App, deps: ListenerDeps): void {
  app.action<BlockAction<ButtonAction>>(
    { type: 'block_actions', action_id: BUTTONS },
    async ({ body, ack, action, respond }) => {
      const acknowledge = acknowledgeOnce(ack, deps, 'action');
      const asker: Asker = { user: body.user.id, channel: body.channel?.id ?? null, respond };
      await guarded(deps, { what: 'action', acknowledge, asker }, () =>
        handle(deps, action, { body, asker, acknowledge }),
      );
    },
  );
}

async function handle(deps: ListenerDeps, action: ButtonAction, click: Click): Promise<void> {
  const { asker, acknowledge } = click;
  const target = readButtonValue(action.value ?? '');
  if (target === null || !isActionId(action.action_id)) {
    await acknowledge();
    return deps.answerer.tell(
      asker,
      say(
        `✖️ This button is of another version of the bot and does nothing. \`${COMMAND} list\` shows what is running.`,
      ),
    );
  }
  const view = deps.service.view(target.migration);
  const asked = view?.actions.find((one) => one.action === action.action_id && one.value === target.value);
  // Who approved already is told so by the engine, rather than asked to type a name for nothing.
  const again = view?.gates.some(
    (gate) => action.action_id === `gate:${gate.gate}` && gate.approvals.some((one) => one.user === click.body.user.id),
  );
  if (view && asked?.ask === 'form' && !again) return askForName(deps, click, view, asked);

  const ticket = deps.service.click({
    migration: target.migration,
    action: action.action_id,
    user: click.body.user.id,
    value: target.value,
    typedName: null,
  });
  await acknowledge();
  if (ticket === null) return deps.answerer.tell(asker, unknownMigration(target.migration));
  const answer = await deps.service.settleClick(ticket);
  // Slack always sends a container; what is only like Slack may not.
  if (click.body.view?.type === 'home') return deps.home.clicked(asker.user, told(answer.text, answer.accepted).text);
  const container: Readonly<Record<string, unknown>> | undefined = click.body.container;
  const inEphemeral = container?.['is_ephemeral'] === true;
  if (answer.accepted && !inEphemeral) return;
  // A button that was used, or can't be, must not stay; in the status message the engine's next view sees to that.
  await deps.answerer.tell(asker, told(answer.text, answer.accepted), inEphemeral && answer.accepted);
}

/** So long a form may wait for Slack to say who is in a user group; the `trigger_id` lives for three seconds. */
const MEMBERS_MS = 1_500;

/** In every form that takes the name only an approver's word counts. */
async function askForName(deps: ListenerDeps, click: Click, view: MigrationView, action: ActionView): Promise<void> {
  await click.acknowledge();
  const over = new AbortController();
  const permission = await Promise.race([
    deps.authorizer.mayApprove(click.body.user.id),
    deps.clock.sleep(MEMBERS_MS, over.signal).then(() => null),
  ]).finally(() => over.abort());
  // Whoever is not judged by then is judged when the form comes back.
  if (permission?.ok === false) return deps.answerer.tell(click.asker, told(permission.why));
  return openForm(deps, click, view, action);
}

async function openForm(deps: ListenerDeps, click: Click, view: MigrationView, action: ActionView): Promise<void> {
  try {
    await deps.api.call('views.open', {
      trigger_id: click.body.trigger_id,
      view: confirmForm(view, action, click.asker.channel ?? view.channel),
    });
  } catch (error) {
    if (!isSlackProblem(error)) throw error;
    deps.log.warn({ migration: view.id, code: error.code }, 'the form could not be opened');
    await deps.answerer.tell(
      click.asker,
      say(`✖️ Slack did not open the form (\`${sentence(error.code, 60)}\`). Nothing was done; please click again.`),
    );
  }
}
