/** `/redis-migrate status [ID] --chart` and `--csv`: a file into the thread of the migration, a word to who asked. */
import type { MigrationView } from '../../domain/view.ts';
import type { Asker } from '../answerer.ts';
import { isSlackProblem } from '../api.ts';
import { type Answer, listAnswer, say, unknownMigration } from '../blocks/answers.ts';
import { nearestId } from '../command-words.ts';
import type { OnRequest } from '../files/handouts.ts';
import { name, sentence } from '../text.ts';
import type { Acknowledge, ListenerDeps } from './deps.ts';

interface Request {
  readonly asker: Asker;
  readonly acknowledge: Acknowledge;
}

interface Wanted {
  readonly kind: OnRequest;
  readonly migration: string | null;
}

const WORDS = { chart: 'The chart', csv: 'The list of shards' } satisfies Record<OnRequest, string>;

export async function handOut(deps: ListenerDeps, { asker, acknowledge }: Request, wanted: Wanted): Promise<void> {
  await acknowledge();
  const answer = await answerTo(deps, wanted);
  await deps.answerer.tell(asker, answer);
}

async function answerTo(deps: ListenerDeps, { kind, migration }: Wanted): Promise<Answer> {
  const running = deps.service.views('running');
  const [only, ...others] = running;
  const view = migration === null ? (others.length === 0 ? only : undefined) : deps.service.view(migration);
  if (view) return put(deps, view, kind);
  if (migration === null) return listAnswer(running);
  const ids = running.map((one) => one.id);
  return unknownMigration(migration, nearestId(migration, ids));
}

async function put(deps: ListenerDeps, view: MigrationView, kind: OnRequest): Promise<Answer> {
  try {
    const outcome = await deps.handouts.onRequest(view, kind);
    if (outcome === 'busy') return say(`⏳ ${WORDS[kind]} of \`${view.id}\` is on its way already.`);
    if (outcome === 'nothing')
      return say(`✖️ There is nothing to draw of \`${view.id}\` yet: a chart begins with *continue*.`);
    return say(`✅ ${WORDS[kind]} is in the ${await threadOf(deps, view)} of *${name(view.name)}* \`${view.id}\`.`);
  } catch (error) {
    if (!isSlackProblem(error)) {
      deps.log.warn({ migration: view.id, err: error }, 'a file that somebody asked for could not be made');
      return say(`✖️ ${WORDS[kind]} of \`${view.id}\` could not be made; the log of the bot says why.`);
    }
    deps.log.warn({ migration: view.id, code: error.code }, 'Slack did not take a file that somebody asked for');
    const invite =
      error.code === 'not_in_channel' ? ' Invite the bot to the channel, then ask again.' : ' Please try again.';
    return say(`✖️ Slack did not take the file (\`${sentence(error.code, 60)}\`).${invite}`);
  }
}

/** A link where Slack gives one. */
async function threadOf(deps: ListenerDeps, view: MigrationView): Promise<string> {
  try {
    const { permalink } = await deps.api.call('chat.getPermalink', {
      channel: view.channel,
      message_ts: view.messageTs,
    });
    if (typeof permalink === 'string' && /^https:\/\/[^\s<>|]+$/.test(permalink)) return `<${permalink}|thread>`;
  } catch (error) {
    if (!isSlackProblem(error)) throw error;
  }
  return 'thread';
}
