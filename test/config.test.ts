import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CONFIG_NAMES, type Config, type LoadedConfig, loadConfig } from '../src/config.ts';
import { SecretRegistry } from '../src/log.ts';

const socket = { SLACK_BOT_TOKEN: 'xoxb-planted-bot', SLACK_APP_TOKEN: 'xapp-planted-app', ALLOWED_HOSTS: '*' };
const http = { SLACK_BOT_TOKEN: 'xoxb-planted-bot', SLACK_SIGNING_SECRET: 'planted-signing', ALLOWED_HOSTS: '*' };
const noFile = (): string => {
  throw Object.assign(new Error('no such file: planted-path'), { code: 'ENOENT' });
};

function load(
  env: Record<string, string>,
  readFile: (path: string) => string = noFile,
  secrets = new SecretRegistry(),
): LoadedConfig {
  return loadConfig(env, readFile, secrets);
}
function config(env: Record<string, string>, readFile?: (path: string) => string): Config {
  const loaded = load(env, readFile);
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}
function problems(env: Record<string, string>, readFile?: (path: string) => string): readonly string[] {
  const loaded = load(env, readFile);
  return loaded.ok ? [] : loaded.problems;
}
function warnings(env: Record<string, string>): readonly string[] {
  const loaded = load(env);
  return loaded.ok ? loaded.warnings : [];
}

describe('defaults', () => {
  it('are those of the documentation', () => {
    const { slack, allowedHosts, ...rest } = config(socket);
    expect(rest).toEqual({
      admin: { host: '127.0.0.1', port: 9464 },
      stateFile: './data/redis-migrate.db',
      inventoryFile: null,
      allowTypedPasswords: false,
      requesters: null,
      approvers: null,
      approvals: { continue: 1, switch: 1, finish: 1 },
      selfApproval: true,
      approvalTtlMs: 3_600_000,
      remindMs: 1_800_000,
      escalateMs: 7_200_000,
      retentionMs: 31_536_000_000,
      defaultCutover: 'fenced',
      quietMs: 30_000,
      maxLagBytes: 1_048_576,
      maxPauseMs: 2000,
      syncsPerHost: 2,
      syncsTotal: 8,
      tuneSyncs: true,
      maxSourceLatencyMs: 1000,
      maxSourceMemoryPercent: 90,
      hook: null,
      logLevel: 'info',
    });
    expect(slack.apiUrl).toBeNull();
    expect(allowedHosts.allowsName('any.host')).toBe(true);
  });

  it('hold for empty values too, and what is not ours is not looked at', () => {
    expect(
      config({ ...socket, PORT: '', QUIET_SECONDS: '  ', LOG_LEVEL: '', HOME: '/x', TIMEOUT: 'abc' }).quietMs,
    ).toBe(30_000);
  });
});

describe('Slack', () => {
  it('uses Socket Mode when there is an app token, also beside a signing secret', () => {
    const { mode } = config({ ...http, ...socket }).slack;
    expect(mode.kind === 'socket' && mode.appToken.reveal()).toBe('xapp-planted-app');
  });

  it('uses HTTP mode with a signing secret alone', () => {
    const { mode } = config({ ...http, PORT: '8080' }).slack;
    expect(mode.kind === 'http' && [mode.signingSecret.reveal(), mode.port]).toEqual(['planted-signing', 8080]);
  });

  it('says what is missing, and that the demo needs none of it', () => {
    const found = problems({});
    expect(found).toHaveLength(3);
    expect(found[0]).toMatch(/^SLACK_BOT_TOKEN is not set.*`npm run demo`: it needs no credentials\.$/);
    expect(found[1]).toMatch(/^Neither SLACK_APP_TOKEN .* nor SLACK_SIGNING_SECRET/);
    expect(found[2]).toMatch(/^ALLOWED_HOSTS is not set/);
    const { SLACK_APP_TOKEN: _, ...noMode } = socket;
    expect(problems(noMode)).toEqual([expect.stringMatching(/Neither SLACK_APP_TOKEN.*npm run demo/)]);
  });

  it('ends another Web API base in a slash', () => {
    expect(config({ ...socket, SLACK_API_URL: 'http://127.0.0.1:1234/api' }).slack.apiUrl).toBe(
      'http://127.0.0.1:1234/api/',
    );
    expect(config({ ...socket, SLACK_API_URL: 'https://slack.example/api/' }).slack.apiUrl).toBe(
      'https://slack.example/api/',
    );
  });

  it('only wonders about tokens that look odd', () => {
    expect(warnings(socket)).toEqual([]);
    const odd = warnings({ ...socket, SLACK_BOT_TOKEN: 'test-planted', SLACK_APP_TOKEN: 'other-planted' });
    expect(odd).toEqual([
      expect.stringMatching(/^SLACK_BOT_TOKEN does not start/),
      expect.stringMatching(/^SLACK_APP_TOKEN does not start/),
    ]);
    expect(odd.join()).not.toContain('planted');
  });
});

describe('secrets', () => {
  it('come from files as well', () => {
    const { SLACK_BOT_TOKEN: _, ...rest } = socket;
    const read = config({ ...rest, SLACK_BOT_TOKEN_FILE: '/run/bot' }, (path) =>
      path === '/run/bot' ? 'xoxb-from-file\n' : '',
    );
    expect(read.slack.botToken.reveal()).toBe('xoxb-from-file');
  });

  it.each([
    [{ ...socket, SLACK_BOT_TOKEN_FILE: '/f' }, noFile, /^SLACK_BOT_TOKEN and SLACK_BOT_TOKEN_FILE are both set/],
    [
      { ...socket, HOOK_SECRET_FILE: 'planted-path' },
      noFile,
      /^HOOK_SECRET_FILE names a file that cannot be read \(ENOENT\)\.$/,
    ],
    [{ ...socket, HOOK_SECRET_FILE: '/f' }, () => '\n', /^HOOK_SECRET_FILE names a file that is empty\.$/],
    [
      { ALLOWED_HOSTS: '*', SLACK_APP_TOKEN: 'xapp-1', SLACK_BOT_TOKEN_FILE: 'planted-path' },
      noFile,
      /^SLACK_BOT_TOKEN_FILE names a file that cannot/,
    ],
  ])('wrong file variables: one sentence each', (env, readFile, sentence) => {
    const found = problems(env, readFile);
    expect(found).toEqual([expect.stringMatching(sentence)]);
    expect(found.join()).not.toContain('planted');
  });

  it('never show, neither in the config nor in a refusal, and are known to the registry at once', () => {
    const all = { ...socket, HOOK_URL: 'https://hook.example/', HOOK_SECRET: 'planted-hook' };
    const secrets = new SecretRegistry();
    const good = load(all, noFile, secrets);
    expect(inspect(good, { depth: 9 }) + JSON.stringify(good)).not.toContain('planted');
    expect(secrets.scrub('xoxb-planted-bot xapp-planted-app planted-hook')).not.toContain('planted');

    // Each secret in a variable that it does not belong into.
    for (const name of CONFIG_NAMES) {
      const registry = new SecretRegistry();
      const bad = load({ ...all, LOG_LEVEL: 'nonsense', [name]: 'xoxb-planted-bot' }, noFile, registry);
      expect(inspect(bad, { depth: 9 }), name).not.toContain('planted');
      if (!bad.ok) expect(registry.scrub('xoxb-planted-bot'), name).not.toContain('planted');
    }
  });
});

describe('values', () => {
  it('are read', () => {
    const read = config({
      ...socket,
      ADMIN_HOST: '0.0.0.0',
      ADMIN_PORT: '0',
      STATE_FILE: '/data/s.db',
      INVENTORY_FILE: '/etc/inventory.yml',
      ALLOWED_HOSTS: 'redis-1, 10.0.0.0/8',
      ALLOW_TYPED_PASSWORDS: 'true',
      REQUESTERS: 'U0ANA, W0BEN',
      APPROVERS: 'S0TEAM,U0ANA,U0ANA',
      APPROVALS: 'switch=2',
      SELF_APPROVAL: 'false',
      APPROVAL_TTL_MINUTES: '5',
      DEFAULT_CUTOVER: 'overlap',
      QUIET_SECONDS: '1',
      MAX_LAG_BYTES: '0',
      MAX_PAUSE_MS: '1',
      SYNCS_PER_HOST: '1',
      SYNCS_TOTAL: '1',
      TUNE_SYNCS: 'false',
      MAX_SOURCE_LATENCY_MS: '250',
      MAX_SOURCE_MEMORY_PERCENT: '75',
      REMIND_MINUTES: '5',
      ESCALATE_MINUTES: '0',
      RETENTION_DAYS: '0',
      HOOK_URL: 'https://hook.example/path?x=1',
      HOOK_SECRET: 'hook-secret',
      LOG_LEVEL: 'silent',
    });
    expect(read).toMatchObject({
      admin: { host: '0.0.0.0', port: 0 },
      stateFile: '/data/s.db',
      inventoryFile: '/etc/inventory.yml',
      allowTypedPasswords: true,
      requesters: ['U0ANA', 'W0BEN'],
      approvers: ['S0TEAM', 'U0ANA'],
      approvals: { continue: 1, switch: 2, finish: 1 },
      selfApproval: false,
      approvalTtlMs: 300_000,
      remindMs: 300_000,
      escalateMs: 0,
      retentionMs: null,
      defaultCutover: 'overlap',
      quietMs: 1000,
      maxLagBytes: 0,
      maxPauseMs: 1,
      tuneSyncs: false,
      maxSourceLatencyMs: 250,
      maxSourceMemoryPercent: 75,
      hook: { url: 'https://hook.example/path?x=1' },
      logLevel: 'silent',
    });
    expect(read.hook?.secret?.reveal()).toBe('hook-secret');
    expect([read.allowedHosts.allowsName('REDIS-1'), read.allowedHosts.allowsAddresses(['10.1.1.1'])]).toEqual([
      true,
      true,
    ]);
  });

  it.each([
    ['PORT', '70000', /whole number from 0 to 65535/],
    ['PORT', '80a', /whole number/],
    ['REMIND_MINUTES', '-1', /whole number/],
    ['RETENTION_DAYS', 'a year', /whole number/],
    ['ADMIN_PORT', '-1', /whole number/],
    ['ADMIN_HOST', '127.0.0.1:9464', /without a port/],
    ['ADMIN_HOST', 'http://x', /without a port/],
    ['STATE_FILE', './data/', /must name a file/],
    ['ALLOWED_HOSTS', 'good,10.0.0.0/40,bad:1', /is wrong: "10\.0\.0\.0\/40" needs .*; "bad:1" has a port/],
    ['ALLOWED_HOSTS', ',', /names no host/],
    ['ALLOW_TYPED_PASSWORDS', 'yes', /must be true or false/],
    ['SELF_APPROVAL', 'TRUE', /must be true or false/],
    ['REQUESTERS', '@ana', /user group ids.*wrong: "@ana"/],
    ['APPROVERS', 'U0ANA,C0CHANNEL', /wrong: "C0CHANNEL"/],
    ['APPROVERS', ',', /names nobody/],
    ['APPROVALS', 'switch', /must look like continue=1/],
    ['APPROVALS', 'switch=0', /must look like/],
    ['APPROVALS', 'switch=1,switch=2', /must look like/],
    ['APPROVALS', 'commit=1', /must look like/],
    ['APPROVAL_TTL_MINUTES', '0', /from 1 to/],
    ['DEFAULT_CUTOVER', 'fast', /must be one of fenced, overlap/],
    ['QUIET_SECONDS', '0', /from 1 to/],
    ['QUIET_SECONDS', '1.5', /whole number/],
    ['MAX_LAG_BYTES', '1e6', /whole number/],
    ['MAX_PAUSE_MS', '0', /from 1 to 60000/],
    ['MAX_PAUSE_MS', '60001', /from 1 to 60000/],
    ['SYNCS_PER_HOST', '0', /from 1 to/],
    ['SYNCS_TOTAL', 'many', /from 1 to/],
    ['SLACK_API_URL', 'ftp://x/', /http:\/\/ or https:\/\//],
    ['SLACK_API_URL', 'slack.com', /http:\/\/ or https:\/\//],
    ['HOOK_URL', 'https://user:planted@hook.example/', /must not hold a user or a password/],
    ['LOG_LEVEL', 'verbose', /must be one of trace, debug, info/],
  ])('%s=%s is refused in one sentence', (name, value, sentence) => {
    const found = problems({ ...socket, [name]: value });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${name} .*\\.$`));
    expect(found[0]).toMatch(sentence);
    expect(found[0]).not.toContain('planted');
  });

  it('tells of every wrong variable at once', () => {
    expect(problems({ PORT: 'x', LOG_LEVEL: 'x', ALLOWED_HOSTS: 'x:1' })).toHaveLength(5);
  });

  it('wonders about approvals that are missing when an approver asks', () => {
    const one = { ...socket, APPROVERS: 'W0ANA', SELF_APPROVAL: 'false' };
    expect(warnings(one)).toEqual([expect.stringContaining('where W0ANA asks for a migration')]);
    expect(warnings({ ...one, REQUESTERS: 'U0EVE' })).toEqual([]);
    expect(warnings({ ...one, APPROVERS: 'W0ANA,U0BEN' })).toEqual([]);
    expect(warnings({ ...one, APPROVERS: 'W0ANA,S0OPS' })).toEqual([]);
    expect(warnings({ ...one, SELF_APPROVAL: 'true' })).toEqual([]);
  });

  it('wonders about approvals that nobody can give, and about half a webhook', () => {
    expect(warnings({ ...socket, APPROVERS: 'U0ANA', APPROVALS: 'finish=2' })).toEqual([
      expect.stringContaining('can only be passed by one of them who breaks the glass'),
    ]);
    expect(warnings({ ...socket, APPROVERS: 'U0ANA,S0TEAM', APPROVALS: 'finish=2' })).toEqual([]);
    expect(warnings({ ...socket, HOOK_SECRET: 'abc' })).toEqual([
      expect.stringMatching(/^HOOK_SECRET is set but HOOK_URL is not/),
    ]);
    expect(warnings({ ...socket, HOOK_URL: 'https://hook.example/' })).toEqual([
      expect.stringMatching(/^HOOK_URL is set but HOOK_SECRET is not/),
    ]);
  });
});

describe('.env.example', () => {
  const lines = readFileSync(new URL('../.env.example', import.meta.url), 'utf8').split('\n');
  const entries = lines.flatMap((line) => {
    const match = /^(# )?([A-Z][A-Z_]+)=(.*)$/.exec(line);
    return match ? [{ name: match[2] ?? '', value: match[3] ?? '', commented: match[1] !== undefined }] : [];
  });

  it('knows exactly the variables that the bot knows', () => {
    expect(entries.map((entry) => entry.name).toSorted()).toEqual(CONFIG_NAMES.toSorted());
  });

  it('shows the defaults that hold', () => {
    const shown = Object.fromEntries(
      entries.filter((entry) => entry.commented).map((entry) => [entry.name, entry.value]),
    );
    const { slack, allowedHosts, ...given } = config({ ...http, ...shown });
    const { slack: defaultSlack, allowedHosts: _, ...defaults } = config(http);
    expect(given).toEqual(defaults);
    expect(slack).toEqual(defaultSlack);
    expect(allowedHosts.allowsName('x')).toBe(true);
  });

  it('holds no secret, and as it stands is refused rather than half working', () => {
    const active = Object.fromEntries(
      entries.filter((entry) => !entry.commented).map((entry) => [entry.name, entry.value]),
    );
    expect(Object.values(active).join('')).toBe('');
    expect(problems(active)).toHaveLength(3);
  });
});
