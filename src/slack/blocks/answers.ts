/** What the bot answers to one person alone. Pure. */
import type { AnyBlock, KnownBlock } from '@slack/types';
import { hasEnded } from '../../domain/phase.ts';
import type { Plan } from '../../domain/plan.ts';
import type { PreflightReport } from '../../domain/preflight.ts';
import type { ActionView, ApprovalView, GateView, MigrationView } from '../../domain/view.ts';
import { answerSentence, mention, name, sentence, stamp } from '../text.ts';
import { actions, context, header, lines, section } from './elements.ts';
import { bytes, count, plural } from './format.ts';
import { fallback, findingLines, renderStatus } from './status.ts';
import { COMMAND, PHASE_WORDS } from './words.ts';

export interface Answer {
  readonly text: string;
  readonly blocks?: readonly AnyBlock[];
}

export function refusal(problems: readonly string[]): Answer {
  const sentences = problems.map((problem) => answerSentence(problem, 600));
  const text =
    sentences.length === 1
      ? `✖️ ${sentences[0]}`
      : `✖️ Nothing was done:\n${lines(
          sentences.map((one) => `• ${one}`),
          2700,
          'more problems',
        )}`;
  return { text, blocks: [section(text)] };
}

/** One sentence of ours; names in it are escaped already. */
export function say(text: string): Answer {
  return { text };
}

/** What somebody else (the engine, the authorizer) has to say to one person. */
export function told(text: string, accepted = false): Answer {
  return { text: `${accepted ? '✅' : '✖️'} ${answerSentence(text)}` };
}

export function inviteFirst(channel: string): Answer {
  const where = /^[CG][A-Z0-9]+$/.test(channel) ? ` in <#${channel}>` : ' here';
  return say(
    `✖️ The bot cannot post${where}, so nothing was started. Invite it with \`/invite @\` and the bot's name, then ask again. In a direct message it cannot tell a migration's story; use a channel.`,
  );
}

export function statusAnswer(view: MigrationView): Answer {
  const { text, blocks } = renderStatus(view, 'text');
  return { text, blocks };
}

export function listAnswer(running: readonly MigrationView[]): Answer {
  if (running.length === 0) {
    const text = `No migration is running. \`${COMMAND}\` opens a form for a new one.`;
    return { text, blocks: [section(text)] };
  }
  return listed('Running migrations', running, (view) => {
    const waits = view.waitingFor === null ? '' : `\n      ${sentence(view.waitingFor, 200)}`;
    return { when: ` since ${stamp(view.phaseSince)}`, waits };
  });
}

/** `all`: there was no search. What was looked for is not repeated: it may be anything. */
export function historyAnswer(found: readonly MigrationView[], all: boolean): Answer {
  if (found.length === 0) {
    const text = all
      ? 'There has been no migration yet.'
      : `No migration has all of these words in its id, name, phase or hosts, or among its people. \`${COMMAND} history\` alone shows all that there were.`;
    return { text, blocks: [section(text)] };
  }
  return listed(all ? 'Migrations, newest first' : 'Migrations found, newest first', found, (view) => {
    const ended = hasEnded(view.phase) ? `, ended ${stamp(view.phaseSince)}` : '';
    return { when: `, asked for ${stamp(view.createdAt)}${ended}`, waits: '' };
  });
}

function listed(
  title: string,
  views: readonly MigrationView[],
  more: (view: MigrationView) => { readonly when: string; readonly waits: string },
): Answer {
  const rows = views.map((view) => {
    const { sign, word } = PHASE_WORDS[view.phase];
    const { when, waits } = more(view);
    return `${sign} \`${view.id}\` *${name(view.name, 60)}* is ${word}${when} · ${plural(view.totals.servers, 'server')} · ${mention(view.requestedBy)}${waits}`;
  });
  const text = `${title}: ${views.map((view) => `${view.id} ${PHASE_WORDS[view.phase].word}`).join(', ')}`;
  return { text: text.slice(0, 2900), blocks: [header(title), section(lines(rows, 2800, 'more migrations'))] };
}

export function preflightAnswer(plan: Plan, report: PreflightReport): Answer {
  const errors = report.findings.filter((finding) => finding.level === 'error').length;
  const verdict =
    errors === 0 ? '✅ A migration could start.' : `❌ ${plural(errors, 'error')} would keep the gate closed.`;
  const { servers, keys, bytes: size } = report.totals;
  const pairs = plan.shards.map((shard) => {
    const seen = report.shards.find((one) => one.index === shard.index);
    const side = (where: { host: string; port: number }, what: 'source' | 'destination') => {
      const server = seen?.[what];
      const facts = server
        ? ` (${name(server.kind, 20)} ${name(server.version, 20)}, ${count(server.keys)} keys)`
        : ' (not seen)';
      return `${name(`${where.host}:${where.port}`, 60)}${facts}`;
    };
    return `${shard.index + 1}. ${side(shard.source, 'source')} → ${side(shard.destination, 'destination')}`;
  });
  const blocks: KnownBlock[] = [
    header('Check only: nothing was changed'),
    section(`${verdict}\n*${plural(servers, 'server')}* · *${count(keys)}* keys · *${bytes(size)}*`),
    section(lines(pairs, 2800, 'more pairs')),
  ];
  if (report.findings.length > 0) blocks.push(section(lines(findingLines(report.findings), 2800, 'more findings')));
  const wrong = report.findings.filter((finding) => finding.level === 'error').map((one) => sentence(one.text, 300));
  const named =
    wrong.length === 0
      ? ''
      : `\n${lines(
          wrong.map((one) => `• ${one}`),
          900,
        )}`;
  return {
    text: `Check only: ${verdict} ${plural(servers, 'server')}, ${count(keys)} keys, ${bytes(size)}.${named}`,
    blocks,
  };
}

/** Answers `approve` and `abort`: the numbers, and the same button as in the status message. */
export function askAnswer(view: MigrationView, action: ActionView): Answer {
  return {
    text: `${fallback(view).replace(/[.!?…]?$/, (end) => end || '.')} ${sentence(action.consequence, 600)}`,
    blocks: [
      section(
        `*${name(view.name)}* (\`${view.id}\`) is ${PHASE_WORDS[view.phase].word}.\n${sentence(action.consequence, 2500)}`,
      ),
      ...actions(view.id, [action]),
      context('Only you can see this. Nothing happens before you click.'),
    ],
  };
}

/** To who asks for the button of a gate that waits for others only. */
export function approvedAlreadyAnswer(view: MigrationView, gate: GateView, given: ApprovalView): Answer {
  return say(
    `ℹ️ You approved *${gate.gate}* of \`${view.id}\` ${stamp(given.at)}: it has ${count(gate.approvals.length)} of ${plural(gate.needed, 'approval')}, and waits for somebody else’s.`,
  );
}

export function gateClosedAnswer(view: MigrationView, gate: GateView): Answer {
  const given = gate.approvals.map((approval) => `${mention(approval.user)} ${stamp(approval.at)}`).join(', ');
  return say(
    `✖️ *${gate.gate}* of \`${view.id}\` cannot be approved now: ${sentence(gate.reason, 800)}${given === '' ? '' : ` Approved by ${given}.`}`,
  );
}

/** `near`: the running one that was probably meant. */
export function unknownMigration(id: string, near: string | null = null): Answer {
  const meant = near === null ? '' : ` Did you mean \`${near}\`?`;
  return say(`✖️ There is no migration \`${name(id, 20)}\`.${meant} \`${COMMAND} history\` shows all that there were.`);
}
