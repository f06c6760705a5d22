/** What the bot's answers do: response URLs, bodies of acknowledged commands, and `response_action` of forms. */
import { contentOf } from './api/chat.ts';
import { flagAt, isObject, type JsonObject, stringAt } from './json.ts';
import { refuse, SlackRefusal } from './refusal.ts';
import type { ResponseTarget } from './tickets.ts';
import type { SandboxView, Views } from './views.ts';
import type { Workspace } from './workspace.ts';

/** Carries out one answer by response URL, or the body of a command's acknowledgement. Throws a SlackRefusal. */
export function applyResponse(
  workspace: Workspace,
  target: ResponseTarget,
  body: JsonObject,
  via: 'response_url' | 'ack',
): void {
  const { original } = target;
  const message = original?.kind === 'message' ? workspace.message(target.channel, original.ts) : undefined;
  const ephemeral =
    original?.kind === 'ephemeral' ? workspace.ephemerals().find((one) => one.ts === original.ts) : undefined;
  if (flagAt(body, 'delete_original')) {
    if (message !== undefined) workspace.delete(message.channel, message.ts);
    if (ephemeral !== undefined) workspace.changeEphemeral(ephemeral, target.interaction, null);
    return;
  }
  const content = contentOf({ workspace }, body);
  // An answer to a click in an ephemeral takes its place unless told otherwise; one in the channel has to be told to.
  const replace = body['replace_original'] === undefined ? ephemeral !== undefined : flagAt(body, 'replace_original');
  if (replace && message !== undefined) {
    workspace.edit(message, content);
    return;
  }
  if (replace && ephemeral !== undefined) {
    workspace.changeEphemeral(ephemeral, target.interaction, content);
    return;
  }
  const threadTs = stringAt(body, 'thread_ts');
  const kind = stringAt(body, 'response_type') ?? 'ephemeral';
  if (kind === 'in_channel') {
    workspace.post({ channel: target.channel, user: workspace.botUserId, ...content, thread_ts: threadTs });
  } else if (kind === 'ephemeral') {
    const { user, channel, interaction } = target;
    workspace.whisper({ user, channel, interactions: [interaction], thread_ts: threadTs, via, ...content });
  } else {
    refuse('invalid_arguments');
  }
}

/** What happens to the form after its acknowledgement. Returns what the person sees gone wrong, or null. */
export function applySubmission(views: Views, view: SandboxView, body: unknown): string | null {
  // The bot may have changed or cleared the form while it thought.
  const current = views.byId(view.id);
  if (current === undefined) return null;
  try {
    return act(views, current, isObject(body) ? body : {});
  } catch (error) {
    if (!(error instanceof SlackRefusal)) throw error;
    const why = (error.extra['errors'] as readonly string[] | undefined)?.join('; ') ?? '';
    return `We had some trouble connecting. Try again? (${error.code}${why === '' ? '' : `: ${why}`})`;
  }
}

function act(views: Views, view: SandboxView, body: JsonObject): string | null {
  const action = body['response_action'];
  if (action === undefined) {
    views.close(view);
  } else if (action === 'clear') {
    views.clear(view.user);
  } else if (action === 'update') {
    views.replace(view, body['view']);
  } else if (action === 'push') {
    views.push(view.user, body['view']);
  } else if (action === 'errors') {
    views.setErrors(view, errorsFor(view, body['errors']));
  } else {
    return `We had some trouble connecting. Try again? (unknown response_action: ${JSON.stringify(action)})`;
  }
  return null;
}

/** Errors stand under input blocks; Slack refuses any other block_id, and an empty list. */
function errorsFor(view: SandboxView, errors: unknown): Record<string, string> {
  const inputs = view.blocks.filter((block) => block.type === 'input').map((block) => block.block_id);
  const entries = isObject(errors) ? Object.entries(errors) : [];
  const strangers = entries.filter(([id, text]) => !inputs.includes(id) || typeof text !== 'string' || text === '');
  if (entries.length === 0 || strangers.length > 0) {
    const names = strangers.map(([id]) => id).join(', ') || 'none given';
    refuse('invalid_errors', {
      errors: [`no input block for: ${names}; the form has: ${inputs.join(', ') || 'none'}`],
    });
  }
  return Object.fromEntries(entries.map(([id, text]) => [id, String(text)]));
}
