/** How every migration is doing, in one line each. Pure. */
import { hasEnded } from '../../domain/phase.ts';
import type { MigrationView } from '../../domain/view.ts';
import { name, sentence, stamp } from '../text.ts';
import type { Answer } from './answers.ts';
import { lines, section } from './elements.ts';
import { bytes, duration, percent } from './format.ts';
import { COMMAND, PHASE_WORDS } from './words.ts';

export function supAnswer(views: readonly MigrationView[]): Answer {
  if (views.length === 0) return { text: `No migration is running. \`${COMMAND} history\` shows those that ended.` };
  const text = lines(views.map(supLine), 2_800, 'more; ask for one by its id');
  return { text, blocks: [section(text)] };
}

function supLine(view: MigrationView): string {
  const { sign, word } = PHASE_WORDS[view.phase];
  const who = `${sign} \`${view.id}\` *${name(view.name, 40)}* ${word}`;
  const waits =
    view.waitingFor === null ? [] : [sentence(view.waitingFor, 200).replaceAll('\n', ' ').replace(/\.$/, '')];
  if (hasEnded(view.phase)) return [`${who} ${stamp(view.phaseSince)}`, ...waits].join(' · ');
  const seen = view.asOf === null ? [] : [`as of ${stamp(view.asOf)}`];
  const waiting = waits.length === 0 ? ['waits for nothing'] : [`waits: ${waits[0]}`];
  return [who, ...figures(view), ...waiting, ...seen].join(' · ');
}

function figures({ phase, progress, shards }: MigrationView): readonly string[] {
  const lags = shards.flatMap((shard) => (shard.lagBytes === null ? [] : [shard.lagBytes]));
  const left = progress.etaSeconds;
  return [
    ...(phase === 'syncing' && progress.percent !== null ? [percent(progress.percent)] : []),
    ...(phase === 'syncing' && left !== null && left > 0 ? [`about ${duration(left)} left`] : []),
    ...(lags.length === 0 ? [] : [`${lags.length > 1 ? 'largest lag' : 'lag'} ${bytes(Math.max(...lags))}`]),
  ];
}
