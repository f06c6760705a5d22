/** Events: only that somebody opened the Home tab. Bolt acknowledges events by itself. */
import type { App } from '@slack/bolt';
import { isSlackProblem } from '../api.ts';
import { homeView } from '../blocks/home.ts';
import type { ListenerDeps } from './deps.ts';

export function register(app: App, deps: ListenerDeps): void {
  app.event('app_home_opened', async ({ event }) => {
    if (event.tab !== 'home') return;
    try {
      await deps.api.call('views.publish', { user_id: event.user, view: homeView(deps.service.views('running')) });
    } catch (error) {
      if (!isSlackProblem(error)) throw error;
      deps.log.info({ code: error.code }, 'the Home tab could not be drawn');
    }
  });
}
