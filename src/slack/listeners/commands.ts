/** `/redis-migrate …`: parse → keep → ack → authorise → act. Nothing before the ack waits for Slack or Redis. */
import type { App, SlashCommand } from '@slack/bolt';
import type { PlanRequest } from '../../domain/plan.ts';
import type { MigrationView } from '../../domain/view.ts';
import { noRollbackText } from '../../domain/way-back.ts';
import type { Asker } from '../answerer.ts';
import {
  type Answer,
  approvedAlreadyAnswer,
  askAnswer,
  gateClosedAnswer,
  historyAnswer,
  listAnswer,
  refusal,
  say,
  statusAnswer,
  told,
  unknownMigration,
} from '../blocks/answers.ts';
import { HELP_NAMES, helpAnswer } from '../blocks/help.ts';
import { historyFound } from '../blocks/history.ts';
import { supAnswer } from '../blocks/sup.ts';
import { COMMAND, PHASE_WORDS } from '../blocks/words.ts';
import { COMMAND_WORDS, nearestId } from '../command-words.ts';
import { nearest } from '../did-you-mean.ts';
import { type Command, parseCommand } from '../parse-command.ts';
import { sentence } from '../text.ts';
import { handOut } from './chart.ts';
import { checkOnly } from './check.ts';
import { type Acknowledge, acknowledgeOnce, ephemeral, guarded, type ListenerDeps } from './deps.ts';
import { openStartForm } from './open-form.ts';

interface Request {
  readonly body: SlashCommand;
  readonly asker: Asker;
  readonly acknowledge: Acknowledge;
}

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;

export function register(app: App, deps: ListenerDeps): void {
  app.command(COMMAND, async ({ command: body, ack, respond }) => {
    const acknowledge = acknowledgeOnce(ack, deps, 'command');
    const asker: Asker = { user: body.user_id, channel: body.channel_id || null, respond };
    await guarded(deps, { what: 'command', acknowledge, asker }, () => handle(deps, { body, asker, acknowledge }));
  });
}

async function handle(deps: ListenerDeps, request: Request): Promise<void> {
  const command = parseCommand(request.body.text ?? '', () => runningIds(deps));
  switch (command.kind) {
    case 'start':
    case 'check':
      return planned(deps, request, command);
    case 'form':
      await request.acknowledge();
      return openStartForm(deps, {
        triggerId: request.body.trigger_id,
        channel: request.body.channel_id || null,
        asker: request.asker,
      });
    case 'refused':
      return request.acknowledge(ephemeral(refusal(command.problems)));
    case 'help':
      return request.acknowledge(ephemeral(helpAnswer(command.topic, nearest(command.topic ?? '', HELP_NAMES))));
    case 'chart':
    case 'csv':
      return handOut(deps, request, command);
    case 'status':
    case 'sup':
    case 'list':
    case 'history':
    case 'abort':
    case 'rollback':
    case 'approve':
      await request.acknowledge();
      return deps.answerer.tell(request.asker, await answerTo(deps, request, command));
  }
}

async function planned(
  deps: ListenerDeps,
  { body, asker, acknowledge }: Request,
  command: Of<'start' | 'check'>,
): Promise<void> {
  const unknown = command.byGroups ? unknownGroups(command.request, deps.groups?.() ?? null, command.kind) : [];
  if (unknown.length > 0) return acknowledge(ephemeral(refusal(unknown)));
  if (!body.channel_id)
    return acknowledge(
      ephemeral(say('✖️ Slack did not say in which channel this was typed. Please type it in a channel.')),
    );
  const drafted = deps.service.draft(command.request, { user: body.user_id, channel: body.channel_id });
  if (!drafted.ok) return acknowledge(ephemeral(refusal(drafted.problems.map((problem) => problem.text))));
  const { plan } = drafted;
  if (command.kind === 'start') {
    if (!deps.desk.keep(plan))
      return acknowledge(ephemeral(say("✖️ Two requests got in each other's way. Please ask again.")));
    await acknowledge();
    return deps.desk.carryOut(plan, asker);
  }
  await acknowledge();
  return checkOnly(deps, plan, asker);
}

/** A word that is no group and no address either. `groups` null: nobody knows them here. */
function unknownGroups(request: PlanRequest, groups: readonly string[] | null, word: string): string[] {
  if (groups === null) return [];
  return [...request.sources, ...request.destinations]
    .filter((token) => /^[\w-]+$/.test(token) && !groups.includes(token))
    .map((token) => COMMAND_WORDS.unknownGroup(token, groups, word));
}

async function answerTo(
  deps: ListenerDeps,
  request: Request,
  command: Of<'status' | 'sup' | 'list' | 'history' | 'abort' | 'rollback' | 'approve'>,
): Promise<Answer> {
  const { service } = deps;
  switch (command.kind) {
    case 'list':
      return listAnswer(service.views('running'));
    case 'history':
      return historyAnswer(
        historyFound(service.views('all'), { words: command.words, person: null }),
        command.words === '',
      );
    case 'sup': {
      if (command.migration === null) return supAnswer(service.views('running'));
      const view = service.view(command.migration);
      return view === null
        ? unknownMigration(command.migration, nearestId(command.migration, runningIds(deps)))
        : supAnswer([view]);
    }
    case 'status': {
      if (command.migration === null) {
        const running = service.views('running');
        const [only, ...others] = running;
        return only && others.length === 0 ? statusOf(deps, only) : listAnswer(running);
      }
      const view = service.view(command.migration);
      return view === null
        ? unknownMigration(command.migration, nearestId(command.migration, runningIds(deps)))
        : statusOf(deps, view);
    }
    case 'abort': {
      const view = service.view(command.migration);
      if (view === null) return unknownMigration(command.migration, nearestId(command.migration, runningIds(deps)));
      const action = view.actions.find((one) => one.action === 'migration:abort');
      if (action) return askAnswer(view, action);
      const back = view.wayBack?.open ? ` It can be rolled back: \`${COMMAND} rollback ${view.id}\`.` : '';
      return say(`✖️ \`${view.id}\` is ${PHASE_WORDS[view.phase].word} and cannot be aborted now.${back}`);
    }
    case 'rollback': {
      const view = service.view(command.migration);
      if (view === null) return unknownMigration(command.migration, nearestId(command.migration, runningIds(deps)));
      const action = view.actions.find((one) => one.action === 'migration:rollback');
      if (!action) {
        const why = sentence(noRollbackText(view.phase, view.cutover, view.wayBack), 600);
        return say(`✖️ \`${view.id}\` is ${PHASE_WORDS[view.phase].word} and cannot be rolled back now. ${why}`);
      }
      const permission = await deps.authorizer.mayApprove(request.body.user_id);
      if (!permission.ok) return told(`The way back is open. ${permission.why}`);
      return askAnswer(view, action);
    }
    case 'approve': {
      const view = service.view(command.migration);
      if (view === null) return unknownMigration(command.migration, nearestId(command.migration, runningIds(deps)));
      const permission = await deps.authorizer.mayApprove(request.body.user_id);
      if (!permission.ok) return told(permission.why);
      const action = view.actions.find((one) => one.action === `gate:${command.gate}`);
      const gate = view.gates.find((one) => one.gate === command.gate);
      const given = gate?.approvals.find((one) => one.user === request.body.user_id);
      if (action && gate && given) return approvedAlreadyAnswer(view, gate, given);
      if (action) return askAnswer(view, action);
      return gate ? gateClosedAnswer(view, gate) : say(`✖️ *${command.gate}* of \`${view.id}\` cannot be approved now.`);
    }
  }
}

function runningIds(deps: ListenerDeps): string[] {
  return deps.service.views('running').map((view) => view.id);
}

/** Asking for the status also finds out whether its message is still there, and posts it again if not. */
function statusOf(deps: ListenerDeps, view: MigrationView): Answer {
  deps.publisher.refresh(view.id);
  return statusAnswer(view);
}
