/** Shortcuts: the form for a new migration, opened from a message, with the servers that the message names. */
import type { App, MessageShortcut } from '@slack/bolt';
import type { Asker } from '../answerer.ts';
import { findServers } from '../find-addresses.ts';
import { acknowledgeOnce, guarded, type ListenerDeps } from './deps.ts';
import { openStartForm } from './open-form.ts';

export const FROM_MESSAGE = 'migrate_from_message';

export function register(app: App, deps: ListenerDeps): void {
  app.shortcut<MessageShortcut>(
    { type: 'message_action', callback_id: FROM_MESSAGE },
    async ({ shortcut, ack, respond }) => {
      const acknowledge = acknowledgeOnce(ack, deps, 'shortcut');
      const channel = shortcut.channel.id;
      const asker: Asker = { user: shortcut.user.id, channel, respond };
      await guarded(deps, { what: 'shortcut', acknowledge, asker }, async () => {
        await acknowledge();
        const found = findServers(shortcut.message.text ?? '');
        await openStartForm(deps, { triggerId: shortcut.trigger_id, channel, asker, ...found });
      });
    },
  );
}
