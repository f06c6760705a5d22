/**
 * Opens the form for a new migration: at once with nothing in it, because the `trigger_id` lives for three seconds, then
 * with its first page, once it is known whether this person may ask at all.
 */
import type { Asker } from '../answerer.ts';
import { isSlackProblem, type SlackResult } from '../api.ts';
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
    const [permission, zone] = await Promise.all([deps.authorizer.mayRequest(asker.user), zoneOf(deps, asker.user)]);
    const page = { channel, defaultCutover: deps.config.defaultCutover, hasGroups: hasGroups(deps), zone, ...found };
    await deps.api.call('views.update', {
      view_id: objectAt(opened, 'view')?.['id'],
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

/** The person's own time zone; null when Slack does not say, which is no reason to keep anybody waiting. */
async function zoneOf(deps: ListenerDeps, user: string): Promise<string | null> {
  try {
    const found = objectAt(await deps.api.call('users.info', { user }), 'user');
    const zone = found?.['tz'];
    return typeof zone === 'string' ? zone.replace(/^Etc\/UTC$/, 'UTC') : null;
  } catch (error) {
    if (!isSlackProblem(error)) throw error;
    deps.log.info({ code: error.code }, 'the time zone of a person is not known');
    return null;
  }
}

export function hasGroups(deps: Pick<ListenerDeps, 'groups'>): boolean {
  return (deps.groups?.() ?? []).length > 0;
}

function objectAt(answer: SlackResult, key: string): SlackResult | null {
  const value = answer[key];
  return value !== null && typeof value === 'object' ? (value as SlackResult) : null;
}
