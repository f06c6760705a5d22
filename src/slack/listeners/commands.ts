/** `/redis-migrate …`: parse → keep → ack → authorise → act. Nothing before the ack waits for Slack or Redis. */
import type { App, SlashCommand } from '@slack/bolt';
import type { PlanRequest } from '../../domain/plan.ts';
import type { MigrationView } from '../../domain/view.ts';
import { noRollbackText } from '../../domain/way-back.ts';
import type { Asker } from '../answerer.ts';
import {
  type Answer,
  askAnswer,
  gateClosedAnswer,
  listAnswer,
  refusal,
  say,
  statusAnswer,
  told,
  unknownMigration,
} from '../blocks/answers.ts';
import { HELP_TOPICS, helpAnswer } from '../blocks/help.ts';
import { COMMAND, PHASE_WORDS } from '../blocks/words.ts';
import { nearest } from '../did-you-mean.ts';
import { type Command, parseCommand, quoted } from '../parse-command.ts';
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
  const command = parseCommand(request.body.text ?? '');
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
      return request.acknowledge(ephemeral(helpAnswer(command.topic, nearest(command.topic ?? '', HELP_TOPICS))));
    case 'chart':
    case 'csv':
      return handOut(deps, request, command);
    case 'status':
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
  const known = groups.length === 0 ? 'The bot has no inventory' : `The inventory has ${listed(groups)}`;
  return [...request.sources, ...request.destinations]
    .filter((token) => /^[\w-]+$/.test(token) && !groups.includes(token))
    .map((token) => {
      const near = nearest(token, groups);
      return `There is no group ${quoted(token)} in the inventory.${near ? ` Did you mean \`${near}\`?` : ''} ${known}. For single servers write \`${COMMAND} ${word} --src HOST:PORT … --dst HOST:PORT …\`.`;
    });
}

function listed(groups: readonly string[]): string {
  const shown = groups.slice(0, 10).map((group) => `\`${group}\``);
  return groups.length > 10 ? `${shown.join(', ')} and ${groups.length - 10} more` : shown.join(', ');
}

async function answerTo(
  deps: ListenerDeps,
  request: Request,
  command: Of<'status' | 'list' | 'history' | 'abort' | 'rollback' | 'approve'>,
): Promise<Answer> {
  const { service } = deps;
  switch (command.kind) {
    case 'list':
      return listAnswer(service.views('running'), 'list');
    case 'history':
      return listAnswer(service.views('all'), 'history');
    case 'status': {
      if (command.migration === null) {
        const running = service.views('running');
        const [only, ...others] = running;
        return only && others.length === 0 ? statusOf(deps, only) : listAnswer(running, 'list');
      }
      const view = service.view(command.migration);
      return view === null ? unknownMigration(command.migration) : statusOf(deps, view);
    }
    case 'abort': {
      const view = service.view(command.migration);
      if (view === null) return unknownMigration(command.migration);
      const action = view.actions.find((one) => one.action === 'migration:abort');
      if (action) return askAnswer(view, action);
      const back = view.wayBack?.open ? ` It can be rolled back: \`${COMMAND} rollback ${view.id}\`.` : '';
      return say(`✖️ \`${view.id}\` is ${PHASE_WORDS[view.phase].word} and cannot be aborted now.${back}`);
    }
    case 'rollback': {
      const view = service.view(command.migration);
      if (view === null) return unknownMigration(command.migration);
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
      if (view === null) return unknownMigration(command.migration);
      const permission = await deps.authorizer.mayApprove(request.body.user_id);
      if (!permission.ok) return told(permission.why);
      const action = view.actions.find((one) => one.action === `gate:${command.gate}`);
      if (action) return askAnswer(view, action);
      const gate = view.gates.find((one) => one.gate === command.gate);
      return gate ? gateClosedAnswer(view, gate) : say(`✖️ *${command.gate}* of \`${view.id}\` cannot be approved now.`);
    }
  }
}

/** Asking for the status also finds out whether its message is still there, and posts it again if not. */
function statusOf(deps: ListenerDeps, view: MigrationView): Answer {
  deps.publisher.refresh(view.id);
  return statusAnswer(view);
}
