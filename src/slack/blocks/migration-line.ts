/** One migration in a list: the Home tab's, the history's. Pure. */
import { hasEnded } from '../../domain/phase.ts';
import type { MigrationView } from '../../domain/view.ts';
import { mention, name, sentence, stamp } from '../text.ts';
import { bytes, count, duration, percent, plural } from './format.ts';
import { PHASE_WORDS } from './words.ts';

/** `link`: where its status message is, by Slack's own word; undefined: not known, so the channel is named. */
export function migrationLine(view: MigrationView, link: string | undefined): string {
  const { sign, word } = PHASE_WORDS[view.phase];
  const ended = hasEnded(view.phase);
  const { servers, keys, bytes: size } = view.totals;
  const about = [
    `asked for by ${mention(view.requestedBy)} ${stamp(view.createdAt)}`,
    plural(servers, 'server'),
    ...(keys === null ? [] : [`${count(keys)} keys`]),
    ...(size === null ? [] : [bytes(size)]),
    whereText(view, link),
  ];
  const so = ended
    ? `${word} ${stamp(view.phaseSince)}`
    : `${word} since ${stamp(view.phaseSince)}${progressText(view)}`;
  const waits = view.waitingFor === null ? '' : `\n${ended ? 'ℹ️' : '⏳'} ${sentence(view.waitingFor, 300)}`;
  return `${sign} *${name(view.name, 80)}* \`${view.id}\` · ${so}\n${about.join(' · ')}${waits}`;
}

/** The same on one line, for those that ended. */
export function endedLine(view: MigrationView, link: string | undefined): string {
  const { sign, word } = PHASE_WORDS[view.phase];
  const size = plural(view.totals.servers, 'server');
  return `${sign} *${name(view.name, 60)}* \`${view.id}\` · ${word} ${stamp(view.phaseSince)} · ${size} · ${whereText(view, link)}`;
}

export function whereText(view: MigrationView, link: string | undefined): string {
  if (link !== undefined && /^https?:\/\/[^\s<>|]{1,500}$/.test(link)) return `<${link}|Open the message>`;
  return /^[CGD][A-Z0-9]{1,20}$/.test(view.channel) ? `in <#${view.channel}>` : `in ${name(view.channel)}`;
}

function progressText({ phase, progress }: MigrationView): string {
  if (phase !== 'syncing') return '';
  const left = progress.etaSeconds;
  return [
    ...(progress.percent === null ? [] : [` · ${percent(progress.percent)} done`]),
    ...(left === null || left <= 0 ? [] : [` · about ${duration(left)} left`]),
  ].join('');
}
