/** Environment → Config. The only room besides main.ts that knows the variables' names. See .env.example. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { oneOf, parseApprovals, slackIds, webAddress, wholeNumber, yesOrNo } from './config-values.ts';
import { type AllowedHosts, parseAllowedHosts } from './domain/allowed-hosts.ts';
import type { Gate } from './domain/phase.ts';
import { CUTOVERS, type Cutover } from './domain/plan.ts';
import { Secret } from './domain/secret.ts';
import type { SecretRegistry } from './log.ts';

export interface Config {
  readonly slack: {
    readonly botToken: Secret;
    readonly mode:
      | { readonly kind: 'socket'; readonly appToken: Secret }
      | { readonly kind: 'http'; readonly signingSecret: Secret; readonly port: number };
    /** Another Web API base, ending in a slash; null for Slack's own. */
    readonly apiUrl: string | null;
  };
  readonly admin: { readonly host: string; readonly port: number };
  readonly stateFile: string;
  readonly inventoryFile: string | null;
  readonly allowedHosts: AllowedHosts;
  readonly allowTypedPasswords: boolean;
  /** Slack user ids (U…, W…) and user group ids (S…); null: everybody. */
  readonly requesters: readonly string[] | null;
  readonly approvers: readonly string[] | null;
  readonly approvals: Readonly<Record<Gate, number>>;
  readonly selfApproval: boolean;
  readonly approvalTtlMs: number;
  /** How long a gate waits for approval before those who must act are reminded; 0: never. */
  readonly remindMs: number;
  /** And before the channel is told; 0: never. */
  readonly escalateMs: number;
  readonly defaultCutover: Cutover;
  readonly quietMs: number;
  readonly maxLagBytes: number;
  readonly maxPauseMs: number;
  readonly syncsPerHost: number;
  readonly syncsTotal: number;
  readonly tuneSyncs: boolean;
  readonly maxSourceLatencyMs: number;
  readonly maxSourceMemoryPercent: number;
  /** How long the journals of ended migrations are kept; null: for ever. */
  readonly retentionMs: number | null;
  readonly hook: { readonly url: string; readonly secret: Secret | null } | null;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
}

export type LoadedConfig =
  /** `warnings`: sentences for the log; the bot starts all the same. */
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  /** One sentence per wrong variable. */
  | { readonly ok: false; readonly problems: readonly string[] };

const SECRET_NAMES = ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN', 'SLACK_SIGNING_SECRET', 'HOOK_SECRET'] as const;
type SecretName = (typeof SECRET_NAMES)[number];
/** `unusable`: it was given, but wrongly, and that was said already; so it must not be called missing as well. */
type Found = Readonly<Record<SecretName, Secret | 'unset' | 'unusable'>>;

const DEMO = 'To look around without Slack, run `npm run demo`: it needs no credentials.';

// Messages are the second half of a sentence that starts with the variable's name. They never repeat a value, except
// for single entries of lists, because a value in the wrong place may be a secret.
const variables = z.object({
  PORT: wholeNumber(0, 65_535, 3000),
  SLACK_API_URL: webAddress('the base of a Web API, such as http://127.0.0.1:1234/api/').optional(),
  ADMIN_HOST: z
    .string()
    .default('127.0.0.1')
    .refine(
      (host) => isIP(host) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host),
      'must be an address of this machine, such as 127.0.0.1 or ::1, without a port',
    ),
  ADMIN_PORT: wholeNumber(0, 65_535, 9464),
  STATE_FILE: z
    .string()
    .default('./data/redis-migrate.db')
    .refine((path) => !/[/\\]$/.test(path), 'must name a file, not a folder'),
  INVENTORY_FILE: z.string().optional(),
  ALLOWED_HOSTS: z
    .string(
      'is not set: it must list the hosts that the bot may talk to, such as *.redis.internal,10.0.0.0/8, or * for all',
    )
    .transform((text, context): AllowedHosts => {
      const parsed = parseAllowedHosts(text);
      if (parsed.ok) return parsed.allowed;
      context.addIssue(`is wrong: ${parsed.problems.join('; ')}`);
      return z.NEVER;
    }),
  ALLOW_TYPED_PASSWORDS: yesOrNo('false'),
  REQUESTERS: slackIds().optional(),
  APPROVERS: slackIds().optional(),
  APPROVALS: z.string().default('').transform(parseApprovals),
  SELF_APPROVAL: yesOrNo('true'),
  APPROVAL_TTL_MINUTES: wholeNumber(1, 525_600, 60),
  REMIND_MINUTES: wholeNumber(0, 525_600, 30),
  ESCALATE_MINUTES: wholeNumber(0, 525_600, 120),
  DEFAULT_CUTOVER: oneOf(CUTOVERS, 'fenced'),
  QUIET_SECONDS: wholeNumber(1, 86_400, 30),
  MAX_LAG_BYTES: wholeNumber(0, 1024 ** 4, 1024 ** 2),
  MAX_PAUSE_MS: wholeNumber(1, 60_000, 2000),
  SYNCS_PER_HOST: wholeNumber(1, 1000, 2),
  SYNCS_TOTAL: wholeNumber(1, 10_000, 8),
  TUNE_SYNCS: yesOrNo('true'),
  MAX_SOURCE_LATENCY_MS: wholeNumber(1, 600_000, 1000),
  MAX_SOURCE_MEMORY_PERCENT: wholeNumber(1, 100, 90),
  RETENTION_DAYS: wholeNumber(0, 36_500, 365),
  HOOK_URL: webAddress('where the webhooks go, such as https://deploy.example/hooks/redis').optional(),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info'),
});

/** Every variable that is ours, for .env.example and its test. */
export const CONFIG_NAMES: readonly string[] = [
  ...SECRET_NAMES,
  ...SECRET_NAMES.map((name) => `${name}_FILE`),
  ...Object.keys(variables.shape),
];

/**
 * Reads the environment. An empty value counts as unset, a variable that isn't ours is ignored. `readFile` is for
 * `NAME_FILE` and throws when it can't read. Every secret that is found is in `secrets` before this returns, also when
 * the answer is no.
 */
export function loadConfig(
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
  secrets: SecretRegistry,
): LoadedConfig {
  const given: Record<string, string> = {};
  for (const name of CONFIG_NAMES) {
    const value = env[name]?.trim();
    if (value) given[name] = value;
  }
  const problems: string[] = [];
  const found = readSecrets(given, readFile, secrets, problems);

  const botToken = found.SLACK_BOT_TOKEN;
  const appToken = found.SLACK_APP_TOKEN;
  const signingSecret = found.SLACK_SIGNING_SECRET;
  const missing: string[] = [];
  if (botToken === 'unset')
    missing.push('SLACK_BOT_TOKEN is not set: the bot token (xoxb-…) of your Slack app is needed.');
  if (appToken === 'unset' && signingSecret === 'unset') {
    missing.push(
      'Neither SLACK_APP_TOKEN (xapp-…, for Socket Mode) nor SLACK_SIGNING_SECRET (for HTTP mode) is set: one of them is needed.',
    );
  }
  if (missing[0] !== undefined) missing[0] += ` ${DEMO}`;
  problems.push(...missing);

  const parsed = variables.safeParse(given);
  if (!parsed.success) problems.push(...sentences(parsed.error));
  const mode = parsed.success ? modeOf(found, parsed.data.PORT) : null;
  if (!parsed.success || problems.length > 0 || mode === null || !(botToken instanceof Secret)) {
    return { ok: false, problems: problems.map((text) => secrets.scrub(text)) };
  }

  const values = parsed.data;
  const config: Config = {
    slack: { botToken, mode, apiUrl: values.SLACK_API_URL?.replace(/\/*$/, '/') ?? null },
    admin: { host: values.ADMIN_HOST, port: values.ADMIN_PORT },
    stateFile: values.STATE_FILE,
    inventoryFile: values.INVENTORY_FILE ?? null,
    allowedHosts: values.ALLOWED_HOSTS,
    allowTypedPasswords: values.ALLOW_TYPED_PASSWORDS,
    requesters: values.REQUESTERS ?? null,
    approvers: values.APPROVERS ?? null,
    approvals: values.APPROVALS,
    selfApproval: values.SELF_APPROVAL,
    approvalTtlMs: values.APPROVAL_TTL_MINUTES * 60_000,
    remindMs: values.REMIND_MINUTES * 60_000,
    escalateMs: values.ESCALATE_MINUTES * 60_000,
    defaultCutover: values.DEFAULT_CUTOVER,
    quietMs: values.QUIET_SECONDS * 1000,
    maxLagBytes: values.MAX_LAG_BYTES,
    maxPauseMs: values.MAX_PAUSE_MS,
    syncsPerHost: values.SYNCS_PER_HOST,
    syncsTotal: values.SYNCS_TOTAL,
    tuneSyncs: values.TUNE_SYNCS,
    maxSourceLatencyMs: values.MAX_SOURCE_LATENCY_MS,
    maxSourceMemoryPercent: values.MAX_SOURCE_MEMORY_PERCENT,
    retentionMs: values.RETENTION_DAYS === 0 ? null : values.RETENTION_DAYS * 86_400_000,
    hook:
      values.HOOK_URL === undefined
        ? null
        : { url: values.HOOK_URL, secret: found.HOOK_SECRET instanceof Secret ? found.HOOK_SECRET : null },
    logLevel: values.LOG_LEVEL,
  };
  return { ok: true, config, warnings: doubts(config, found) };
}

function modeOf(found: Found, port: number): Config['slack']['mode'] | null {
  const { SLACK_APP_TOKEN: appToken, SLACK_SIGNING_SECRET: signingSecret } = found;
  if (appToken instanceof Secret) return { kind: 'socket', appToken };
  return signingSecret instanceof Secret ? { kind: 'http', signingSecret, port } : null;
}

/** Looks at NAME and NAME_FILE of every secret. */
function readSecrets(
  given: Readonly<Record<string, string>>,
  readFile: (path: string) => string,
  secrets: SecretRegistry,
  problems: string[],
): Found {
  const read = (name: SecretName): Found[SecretName] => {
    const value = given[name];
    const file = given[`${name}_FILE`];
    if (value !== undefined) secrets.add(value);
    if (value !== undefined && file !== undefined) {
      problems.push(`${name} and ${name}_FILE are both set: only one of them may be.`);
      return 'unusable';
    }
    if (file === undefined) return value === undefined ? 'unset' : new Secret(value);
    const content = contentOf(file, readFile);
    if (!content.ok) {
      problems.push(`${name}_FILE ${content.problem}.`);
      return 'unusable';
    }
    secrets.add(content.text);
    return new Secret(content.text);
  };
  return {
    SLACK_BOT_TOKEN: read('SLACK_BOT_TOKEN'),
    SLACK_APP_TOKEN: read('SLACK_APP_TOKEN'),
    SLACK_SIGNING_SECRET: read('SLACK_SIGNING_SECRET'),
    HOOK_SECRET: read('HOOK_SECRET'),
  };
}

function contentOf(
  path: string,
  readFile: (path: string) => string,
): { ok: true; text: string } | { ok: false; problem: string } {
  // The path is not repeated: it may be the secret itself, put into the wrong variable.
  let text: string;
  try {
    text = readFile(path).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return { ok: false, problem: `names a file that cannot be read${code}` };
  }
  return text === '' ? { ok: false, problem: 'names a file that is empty' } : { ok: true, text };
}

/** One sentence a variable, in the order of the table. */
function sentences(error: z.ZodError): string[] {
  const byName = new Map<string, string[]>();
  for (const issue of error.issues) {
    const name = String(issue.path[0]);
    byName.set(name, [...(byName.get(name) ?? []), issue.message]);
  }
  return [...byName].map(([name, messages]) => `${name} ${messages.join('; ')}.`);
}

function doubts(config: Config, found: Found): string[] {
  const warnings: string[] = [];
  if (!config.slack.botToken.reveal().startsWith('xoxb-')) {
    warnings.push('SLACK_BOT_TOKEN does not start with xoxb- as bot tokens do; check that it is the right one.');
  }
  if (config.slack.mode.kind === 'socket' && !config.slack.mode.appToken.reveal().startsWith('xapp-')) {
    warnings.push('SLACK_APP_TOKEN does not start with xapp- as app-level tokens do; check that it is the right one.');
  }
  if (found.HOOK_SECRET instanceof Secret && config.hook === null)
    warnings.push('HOOK_SECRET is set but HOOK_URL is not: no webhook will be sent.');
  if (config.hook !== null && config.hook.secret === null) {
    warnings.push('HOOK_URL is set but HOOK_SECRET is not: the receiver cannot tell our webhooks from forged ones.');
  }
  return [...warnings, ...approvalDoubts(config)];
}

/** People alone can be counted; who is in a user group, Slack knows. */
function approvalDoubts({ approvers, requesters, approvals, selfApproval }: Config): string[] {
  if (approvers === null || approvers.some((id) => id.startsWith('S'))) return [];
  const most = Math.max(...Object.values(approvals));
  const named = `APPROVALS asks for ${most} approvers at a gate, APPROVERS names ${approvers.length}`;
  if (most > approvers.length)
    return [
      `${named}: that gate can only be passed by one of them who breaks the glass, with a reason, in every migration.`,
    ];
  const asks = approvers.find((id) => requesters === null || requesters.includes(id));
  if (!selfApproval && most === approvers.length && asks !== undefined)
    return [
      `${named}, and SELF_APPROVAL is false: where ${asks} asks for a migration, that gate can only be passed by breaking the glass, with a reason.`,
    ];
  return [];
}
