/**
 * What is handed out in the thread of a migration: which files, under which words. Secrets that the bot knows are taken
 * out of all of them once more.
 */
import { shardsCsv } from '../../domain/report/csv.ts';
import { reportMarkdown } from '../../domain/report/markdown.ts';
import type { NameOf } from '../../domain/report/plain-text.ts';
import type { Report } from '../../domain/report/report.ts';
import { scrubReport } from '../../domain/report/scrub.ts';
import type { MigrationView } from '../../domain/view.ts';
import type { MigrationService } from '../../engine/service.ts';
import type { SecretRegistry } from '../../log.ts';
import { duration, milliseconds, plural } from '../blocks/format.ts';
import { PHASE_WORDS } from '../blocks/words.ts';
import { chartSvg } from '../chart/card.ts';
import { type Chart, chartOf } from '../chart/chart.ts';
import type { DrawPng } from '../chart/render.ts';
import { name } from '../text.ts';
import type { People } from './people.ts';
import type { FileToShare } from './uploader.ts';

export interface Parcel {
  /** mrkdwn */
  readonly comment: string;
  readonly files: readonly [FileToShare, ...FileToShare[]];
}

export interface ParcelDeps {
  readonly service: Pick<MigrationService, 'report' | 'samples'>;
  readonly people: People;
  readonly draw: DrawPng;
  readonly registry: SecretRegistry;
}

/** Null where too little was seen to draw anything. Rejects when it cannot be drawn. `mark`: behind the file's name. */
export async function chartParcel(deps: ParcelDeps, view: MigrationView, mark = ''): Promise<Parcel | null> {
  const found = await reported(deps, view.id);
  const chart = found && chartOf(found.report, deps.service.samples(view.id), found.nameOf);
  if (!chart) return null;
  // The report was scrubbed. The finished SVG must not be: a password may be a word of its own, such as `stroke`.
  const content = await deps.draw(chartSvg(chart));
  return {
    comment: `📈 How *${name(view.name)}* \`${view.id}\` went`,
    files: [{ name: `${view.id}-chart${mark}.png`, title: `${view.id}: how it went`, alt: inWords(chart), content }],
  };
}

/** The report for the change ticket, for people and for machines. */
export async function reportParcel(deps: ParcelDeps, view: MigrationView, withShards: boolean): Promise<Parcel | null> {
  const found = await reported(deps, view.id);
  if (!found) return null;
  const { report, nameOf } = found;
  const file = (ending: string, title: string, text: string): FileToShare => {
    return { name: `${view.id}-report.${ending}`, title: `${view.id}: ${title}`, content: Buffer.from(text) };
  };
  return {
    comment: `🧾 The closing report of *${name(view.name)}* \`${view.id}\`, for the change ticket`,
    files: [
      file('md', 'closing report', reportMarkdown(report, nameOf)),
      file('json', 'closing report as JSON', `${JSON.stringify(report, null, 2)}\n`),
      ...(withShards ? [csvFile(deps, view, '')] : []),
    ],
  };
}

export function csvParcel(deps: Pick<ParcelDeps, 'registry'>, view: MigrationView, mark = ''): Parcel {
  return {
    comment: `🗒️ ${plural(view.shards.length, 'shard')} of *${name(view.name)}* \`${view.id}\`, one a line, as they are now`,
    files: [csvFile(deps, view, mark)],
  };
}

function csvFile({ registry }: Pick<ParcelDeps, 'registry'>, view: MigrationView, mark: string): FileToShare {
  const shards = view.shards.map((one) => ({
    ...one,
    reason: one.reason === null ? null : registry.scrub(one.reason),
  }));
  // Without the mark at its beginning a spreadsheet takes UTF-8 for something else.
  const content = Buffer.from(`\uFEFF${shardsCsv(shards)}`);
  return { name: `${view.id}-shards${mark}.csv`, title: `${view.id}: all shards`, content };
}

async function reported(deps: ParcelDeps, id: string): Promise<{ report: Report; nameOf: NameOf } | null> {
  const found = deps.service.report(id);
  if (found === null) return null;
  const report = scrubReport(found, (text) => deps.registry.scrub(text));
  return { report, nameOf: await deps.people.namesOf(report) };
}

/** The picture for those who do not see it. */
function inWords(chart: Chart): string {
  const marks = chart.marks.map(({ at, text, who }) => {
    const when = new Date(at).toISOString().slice(11, 19);
    return `${when} ${text}${who === null ? '' : ` by ${who}`}`;
  });
  const pause =
    chart.longestPauseMs === null ? '' : ` Writes stood still for ${milliseconds(chart.longestPauseMs)} at most.`;
  return `Chart of migration ${chart.id}, ${PHASE_WORDS[chart.phase].word}: progress of ${plural(chart.shards.length, 'shard')}, lag and writes over ${duration(chart.seconds)}.${pause} In UTC: ${marks.join('; ')}.`;
}
