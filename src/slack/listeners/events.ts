/** Events: only that somebody opened the Home tab. Bolt acknowledges events by itself. */
import type { App } from '@slack/bolt';
import type { ListenerDeps } from './deps.ts';

export function register(app: App, deps: ListenerDeps): void {
  app.event('app_home_opened', async ({ event }) => {
    if (event.tab === 'home') deps.home.opened(event.user);
  });
}
