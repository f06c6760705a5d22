import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foldJournal } from '../../src/domain/migration.ts';
import { makeReport } from '../../src/domain/report/make-report.ts';
import type { MigrationView } from '../../src/domain/view.ts';
import { noLog, SecretRegistry } from '../../src/log.ts';
import { type AdminOptions, type AdminServer, type Health, startAdminServer } from '../../src/observability/admin.ts';
import { aPlan, rowsOf, toSwitched } from '../domain/support/build.ts';
import { migrationView } from './fixtures.ts';

const ROWS = rowsOf(aPlan(2, { name: 'orders hunter2-planted' }), toSwitched(aPlan(2)));
const REPORT = makeReport(foldJournal(ROWS), ROWS);

let ready: Health;
let live: Health;
let views: readonly MigrationView[];
let metricsText: () => Promise<string>;
let server: AdminServer;
const errors: unknown[] = [];
const secrets = new SecretRegistry();

function options(over: Partial<AdminOptions> = {}): AdminOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    log: { ...noLog, error: (fields) => void errors.push(fields) },
    ready: () => ready,
    live: () => live,
    metrics: { text: () => metricsText(), contentType: 'text/plain; version=0.0.4' },
    views: () => views,
    view: (id) => views.find((view) => view.id === id) ?? null,
    report: (id) => (id === REPORT.id ? REPORT : null),
    secrets,
    ...over,
  };
}

beforeEach(async () => {
  ready = live = { ok: true, why: '' };
  views = [migrationView()];
  metricsText = () => Promise.resolve('up 1\n');
  errors.length = 0;
  server = await startAdminServer(options());
});
afterEach(() => server.close());

function get(path: string, init?: RequestInit): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.port}${path}`, init);
}

describe('health', () => {
  it('says 200 when all is well', async () => {
    for (const path of ['/livez', '/readyz']) {
      const answer = await get(path);
      expect([answer.status, await answer.json()]).toEqual([200, { ok: true }]);
    }
  });

  it('says 503 and why when it is not ready, and is alive all the same', async () => {
    ready = { ok: false, why: 'The Slack socket is not connected.' };
    const answer = await get('/readyz');
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { ok: false, why: 'The Slack socket is not connected.' },
    ]);
    expect((await get('/livez')).status).toBe(200);
  });

  it('says 503 at /livez when the loop is stuck', async () => {
    live = { ok: false, why: 'The last tick was 90 s ago.' };
    const answer = await get('/livez');
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('90 s ago')]);
  });
});

describe('the closing report', () => {
  it('is there as JSON and as Markdown, without what must not get out', async () => {
    secrets.add('hunter2-planted');
    const answer = await get('/migrations/m-7k3q/report');
    expect(answer.headers.get('content-type')).toMatch(/json/);
    expect(await answer.json()).toMatchObject({ id: 'm-7k3q', name: 'orders [secret]', shards: [{ index: 0 }, {}] });
    const markdown = await get('/migrations/m-7k3q/report.md');
    expect(markdown.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(await markdown.text()).toMatch(/^# Redis migration orders \\\[secret\\\] \(m-7k3q\): switched\n/);
    for (const path of ['/migrations/m-zzzz/report', '/migrations/m-zzzz/report.md', '/migrations/m-7k3q/report.txt'])
      expect((await get(path)).status).toBe(404);
  });
});

describe('what it shows', () => {
  it('lists the migrations with every promised field', async () => {
    const { migrations } = (await (await get('/migrations')).json()) as { migrations: Record<string, unknown>[] };
    const [first] = migrations;
    const names = 'id name phase waitingFor cutover requestedBy channel messageTs totals findings shards gates journal';
    for (const name of names.split(' ')) expect(first).toHaveProperty(name);
    const { actions: _, ...shown } = migrationView();
    const gates = shown.gates.map((gate) => ({ ...gate, denied: null, brokenGlass: null }));
    expect(first).toEqual({ ...shown, gates });
    expect(JSON.stringify(first)).not.toContain('opaque-value');
  });

  it('shows one by its id, and says so when there is none', async () => {
    expect(await (await get('/migrations/m-7k3q')).json()).toMatchObject({ id: 'm-7k3q', gates: [{ needed: 2 }] });
    const answer = await get('/migrations/m-0000');
    expect([answer.status, await answer.json()]).toEqual([
      404,
      { error: expect.stringContaining('no migration with this id') },
    ]);
    expect((await get('/migrations/%ZZ')).status).toBe(404);
    expect((await get('/migrations/a/b')).status).toBe(404);
    expect((await get('/')).status).toBe(404);
  });

  it('shows the metrics', async () => {
    const answer = await get('/metrics?x=1');
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'text/plain; version=0.0.4',
      'up 1\n',
    ]);
  });

  it('takes known secrets out of every text', async () => {
    secrets.add('hunter2-planted');
    const leak = 'says hunter2-planted';
    const [shard] = migrationView().shards;
    views = [
      migrationView({
        name: leak,
        waitingFor: leak,
        lateWriters: leak,
        findings: [{ level: 'error', shard: null, code: 'auth', text: leak, fix: leak }],
        gates: [{ gate: 'finish', open: false, reason: leak, approvals: [], needed: 1 }],
        journal: [{ seq: 1, at: '', actor: 'bot', kind: 'trouble', text: leak, shard: 0 }],
        shards: shard ? [{ ...shard, reason: leak }] : [],
        lateClients: [
          {
            shard: 0,
            server: 'a:1',
            address: 'b:2',
            name: leak,
            user: 'u',
            library: leak,
            lastCommand: leak,
            triedSecondsAgo: null,
            idleSeconds: 1,
          },
        ],
      }),
    ];
    expect(await (await get('/migrations')).text()).not.toContain('hunter2');
    expect(await (await get('/migrations/m-7k3q')).text()).not.toContain('hunter2');
  });
});

describe('what it refuses', () => {
  it('everything but GET and HEAD', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await get('/migrations', { method });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    }
    const head = await get('/migrations', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(100);
  });

  it('bodies', async () => {
    const sent = request({
      port: server.port,
      host: '127.0.0.1',
      path: '/livez',
      method: 'GET',
      headers: { 'content-length': 5 },
    });
    sent.end('hello');
    const [answer] = (await once(sent, 'response')) as [
      { statusCode: number; headers: Record<string, string>; resume(): void },
    ];
    answer.resume();
    expect([answer.statusCode, answer.headers['connection']]).toEqual([400, 'close']);
  });

  it('what is no HTTP', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.end('hello there\r\n\r\n');
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toMatch(/^HTTP\/1\.1 400/);
    socket.destroy();
  });

  it('to be cached or guessed at', async () => {
    const { headers } = await get('/migrations');
    expect([headers.get('cache-control'), headers.get('x-content-type-options'), headers.get('content-type')]).toEqual([
      'no-store',
      'nosniff',
      'application/json; charset=utf-8',
    ]);
  });
});

it('answers 500 without details when something breaks, and goes on', async () => {
  metricsText = () => Promise.reject(new Error('planted detail'));
  const answer = await get('/metrics');
  expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringContaining('planted')]);
  expect(errors).toHaveLength(1);
  expect((await get('/livez')).status).toBe(200);
});

it('says which setting to change when the port is taken', async () => {
  await expect(startAdminServer(options({ port: server.port }))).rejects.toThrow(
    /the port is taken\. Change ADMIN_HOST or ADMIN_PORT\./,
  );
});

it('closes while somebody holds a connection, and may be closed twice', async () => {
  await get('/livez');
  const asked = new Promise<void>((resolve) => {
    metricsText = () => {
      resolve();
      return new Promise(() => {});
    };
  });
  const stuck = get('/metrics').then(
    () => 'answered',
    () => 'cut',
  );
  const idle = connect(server.port, '127.0.0.1');
  idle.on('error', () => {});
  const gone = new Promise((resolve) => idle.once('close', resolve));
  await Promise.all([asked, once(idle, 'connect')]);
  await Promise.all([server.close(), server.close()]);
  await gone;
  expect(await stuck).toBe('cut');
  await expect(get('/livez')).rejects.toThrow();
});
