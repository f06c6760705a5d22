/**
 * As little of Slack's Web API as a bot needs to start: auth.test. Everything else is refused. For checks of the built
 * bot alone; the tests have a whole workspace in src/sandbox. Listens on loopback, keeps nothing.
 */
import { createServer } from 'node:http';

const AUTH = { ok: true, url: 'https://example.slack.com/', team: 'Example', user: 'redis-migrate' };
const IDS = { team_id: 'T00000001', user_id: 'U00000001', bot_id: 'B00000001' };

/** @returns {Promise<{ url: string, calls: string[], close(): Promise<void> }>} `url` ends in a slash */
export async function startFakeSlack() {
  const calls = [];
  const server = createServer((request, response) => {
    const method = new URL(request.url ?? '/', 'http://localhost').pathname.replace('/api/', '');
    calls.push(method);
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(method === 'auth.test' ? { ...AUTH, ...IDS } : { ok: false, error: 'unknown_method' }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/api/`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
