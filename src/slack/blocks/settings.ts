/** How the bot is set up: who may do what, and its limits. Read only; no secret, no password, of a webhook only its host. Pure. */
import type { ModalView } from '@slack/types';
import type { AllowedHosts } from '../../domain/allowed-hosts.ts';
import { GATES, type Gate } from '../../domain/phase.ts';
import type { Cutover } from '../../domain/plan.ts';
import { groupMention, mention, name } from '../text.ts';
import { context, header, lines, plain, section } from './elements.ts';
import { bytes, duration, milliseconds, plural } from './format.ts';

/** As in the bot's Config, where each has its comment. */
export interface ShownSettings {
  readonly requesters: readonly string[] | null;
  readonly approvers: readonly string[] | null;
  readonly approvals: Readonly<Record<Gate, number>>;
  readonly selfApproval: boolean;
  readonly approvalTtlMs: number;
  readonly defaultCutover: Cutover;
  readonly quietMs: number;
  readonly maxLagBytes: number;
  readonly maxPauseMs: number;
  readonly syncsPerHost: number;
  readonly syncsTotal: number;
  readonly retentionMs: number | null;
  readonly allowedHosts: AllowedHosts;
  readonly allowTypedPasswords: boolean;
  readonly hook: { readonly url: string } | null;
}

export function settingsView(settings: ShownSettings): ModalView {
  const { approvals, selfApproval, approvalTtlMs, allowedHosts } = settings;
  const needed = GATES.map((gate) => `*${gate}* ${approvals[gate]}`).join(', ');
  const hosts = (allowedHosts.written ?? []).map((one) => `\`${name(one, 100)}\``);
  return {
    type: 'modal',
    title: plain('Settings', 24),
    close: plain('Close', 24),
    blocks: [
      header('Who may do what'),
      told([
        ['May ask for migrations', people(settings.requesters), 'REQUESTERS'],
        ['May approve', people(settings.approvers), 'APPROVERS'],
        ['Approvals needed', needed, 'APPROVALS'],
        ['The requester’s own approval', selfApproval ? 'counts' : 'does not count', 'SELF_APPROVAL'],
        ['An approval holds for', plural(Math.round(approvalTtlMs / 60_000), 'minute'), 'APPROVAL_TTL_MINUTES'],
      ]),
      header('Limits'),
      told([
        ['Cut-over, when nobody says which', settings.defaultCutover, 'DEFAULT_CUTOVER'],
        ['Quiet before finish', duration(settings.quietMs / 1000), 'QUIET_SECONDS'],
        ['In step up to a lag of', bytes(settings.maxLagBytes), 'MAX_LAG_BYTES'],
        ['Writes stop for at most', milliseconds(settings.maxPauseMs), 'MAX_PAUSE_MS'],
        ['Full syncs at a time from one host', String(settings.syncsPerHost), 'SYNCS_PER_HOST'],
        ['Full syncs at a time in all', String(settings.syncsTotal), 'SYNCS_TOTAL'],
        ['Journals of ended migrations are kept', kept(settings.retentionMs), 'RETENTION_DAYS'],
      ]),
      header('Where to'),
      told([
        ['Hosts that the bot may talk to', lines(hosts, 1_500).replaceAll('\n', ', '), 'ALLOWED_HOSTS'],
        [
          'Passwords typed in Slack',
          settings.allowTypedPasswords ? 'allowed, kept encrypted' : 'refused',
          'ALLOW_TYPED_PASSWORDS',
        ],
        ['Webhooks go to', hookHost(settings.hook), 'HOOK_URL'],
      ]),
      context('Read only: these are variables of the bot’s environment, read when it starts.'),
    ],
  };
}

function told(rows: readonly (readonly [string, string, string])[]) {
  return section(rows.map(([what, value, variable]) => `${what}: ${value}  \`${variable}\``).join('\n'));
}

function people(ids: readonly string[] | null): string {
  if (ids === null) return '*everybody*';
  if (ids.length === 0) return '*nobody*';
  return lines(
    ids.map((id) => (id.startsWith('S') ? groupMention(id) : mention(id))),
    900,
  ).replaceAll('\n', ', ');
}

function kept(retentionMs: number | null): string {
  return retentionMs === null ? 'for ever' : `for ${plural(Math.round(retentionMs / 86_400_000), 'day')}`;
}

/** What stands behind the host may be a secret of whoever listens there. */
function hookHost(hook: ShownSettings['hook']): string {
  if (hook === null) return 'nobody';
  return URL.canParse(hook.url) ? `\`${name(new URL(hook.url).host, 200)}\`` : 'an address that cannot be read';
}
