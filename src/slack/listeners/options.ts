/** What there is to choose from while somebody types into one of our selects: names of groups, and nothing else of them. */
import type { App } from '@slack/bolt';
import { plain } from '../blocks/elements.ts';
import { FIELDS } from '../blocks/form.ts';
import { matchingGroups } from '../matching-groups.ts';
import { acknowledgeOnce, type ListenerDeps } from './deps.ts';

export const GROUP_SELECTS = new RegExp(`^(${FIELDS.sourcesGroup}|${FIELDS.destinationsGroup})$`);

export function register(app: App, deps: ListenerDeps): void {
  app.options({ type: 'block_suggestion', action_id: GROUP_SELECTS }, async ({ ack, payload }) => {
    const found = matchingGroups(payload.value, deps.groups?.() ?? []);
    await acknowledgeOnce(
      ack,
      deps,
      'options',
    )({
      options: found.map((group) => ({ text: plain(group, 75), value: group })),
    });
  });
}
