/**
 * Opens the form for a new migration: at once with nothing in it, because the `trigger_id` lives for three seconds, then
 * with its first page, once it is known whether this person may ask at all.
 */
import type { Asker } from '../answerer.ts';
import { isSlackProblem } from '../api.ts';
import { say } from '../blocks/answers.ts';
import { momentForm, notYouForm, type StartFormOptions, startForm } from '../blocks/form.ts';
import { COMMAND } from '../blocks/words.ts';
import { sentence } from '../text.ts';
import type { ListenerDeps } from './deps.ts';

interface Opening extends Pick<StartFormOptions, 'sources' | 'destinations'> {
  readonly triggerId: string;
  readonly channel: string | null;
  readonly asker: Asker;
}

export async function openStartForm(deps: ListenerDeps, opening: Opening): Promise<void> {
  const { triggerId, asker, channel, ...found } = opening;
  try {
    const opened = await deps.api.call('views.open', { trigger_id: triggerId, view: momentForm() });
    const permission = await deps.authorizer.mayRequest(asker.user);
    const page = { channel, defaultCutover: deps.config.defaultCutover, hasGroups: hasGroups(deps), ...found };
    await deps.api.call('views.update', {
      view_id: viewIdOf(opened),
      view: permission.ok ? startForm(page) : notYouForm(permission.why),
    });
  } catch (error) {
    if (!isSlackProblem(error)) throw error;
    // Closed by the person while it was empty: nobody waits for it any more.
    if (error.method === 'views.update' && error.code === 'not_found') return;
    deps.log.warn({ code: error.code, method: error.method }, 'the form could not be opened');
    await deps.answerer.tell(
      asker,
      say(
        `✖️ Slack did not open the form (\`${sentence(error.code, 60)}\`). Please try again, or write \`${COMMAND} help start\`.`,
      ),
    );
  }
}

export function hasGroups(deps: Pick<ListenerDeps, 'groups'>): boolean {
  return (deps.groups?.() ?? []).length > 0;
}

function viewIdOf(opened: Readonly<Record<string, unknown>>): string {
  const view = opened['view'];
  return view !== null && typeof view === 'object' && 'id' in view ? String(view.id) : '';
}
