/** Forms that confirm, submitted: read → keep → ack (or errors at their fields) → act. */
import type { App, ViewSubmitAction } from '@slack/bolt';
import type { Asker } from '../answerer.ts';
import { told, unknownMigration } from '../blocks/answers.ts';
import { asksName, asksReason, NAME_FIELD, REASON_FIELD } from '../blocks/confirm.ts';
import { readConfirmForm } from '../read-form.ts';
import { plainTyping } from '../typed-text.ts';
import { type Acknowledge, acknowledgeOnce, guarded, type ListenerDeps } from './deps.ts';
import { errorsAt, inputsOf } from './form-errors.ts';

export const CONFIRM_FORMS = /^confirm:(continue|switch|finish|abort|serve_old|recheck|override|break_glass|deny|axe)$/;

export function register(app: App, deps: ListenerDeps): void {
  app.view<ViewSubmitAction>({ type: 'view_submission', callback_id: CONFIRM_FORMS }, async ({ body, view, ack }) => {
    const acknowledge = acknowledgeOnce(ack, deps, 'confirm');
    const form = readConfirmForm(view.state.values, view.private_metadata);
    const asker: Asker = { user: body.user.id, channel: form?.context.channel ?? null };
    await guarded(deps, { what: 'confirm', acknowledge, asker }, () =>
      confirm(deps, form, asker, acknowledge, inputsOf(view)),
    );
  });
}

async function confirm(
  deps: ListenerDeps,
  form: ReturnType<typeof readConfirmForm>,
  asker: Asker,
  acknowledge: Acknowledge,
  fields: readonly string[],
): Promise<void> {
  if (form === null)
    return acknowledge(
      errorsAt(
        { [NAME_FIELD]: 'This form is of another version of the bot. Close it and click the button again.' },
        fields,
      ),
    );
  const { migration, action, value } = form.context;
  const current = deps.service.view(migration);
  const wantsReason = asksReason(action);
  const wantsName = asksName(action);
  const wrong = {
    ...(wantsName && current !== null && !sameName(form.typed, current.name)
      ? { [NAME_FIELD]: 'That is not the name. Type it exactly as it stands above.' }
      : {}),
    ...(wantsReason && form.reason === '' ? { [REASON_FIELD]: 'Say why, in a few words.' } : {}),
  };
  if (Object.keys(wrong).length > 0) return acknowledge(errorsAt(wrong, fields));
  const ticket = deps.service.click({
    migration,
    action,
    user: asker.user,
    value,
    typedName: wantsName ? (current?.name ?? form.typed) : null,
    ...(wantsReason ? { reason: form.reason } : {}),
  });
  await acknowledge();
  if (ticket === null) return deps.answerer.tell(asker, unknownMigration(migration));
  const answer = await deps.service.settleClick(ticket);
  if (!answer.accepted) await deps.answerer.tell(asker, told(answer.text));
}

/** What a keyboard does to quotes and dashes by itself is no wrong name. */
function sameName(typed: string, name: string): boolean {
  const bare = (text: string) =>
    plainTyping(text)
      .replace(/[-—–]+/g, '-')
      .replace(/\s+/g, ' ')
      .trim();
  return typed === name || bare(typed) === bare(name);
}
