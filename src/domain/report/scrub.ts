/** The net below: takes known secrets out of the texts of a report. Addresses, ids and states stay, since a password may be an ordinary word. */
import type { Report } from './report.ts';

export function scrubReport(report: Report, scrub: (text: string) => string): Report {
  const some = (text: string | null) => (text === null ? null : scrub(text));
  return {
    ...report,
    name: scrub(report.name),
    reason: some(report.reason),
    overrides: report.overrides.map((one) => ({ ...one, reason: scrub(one.reason) })),
    settings: report.settings.map((one) => ({
      ...one,
      old: some(one.old),
      value: some(one.value),
      why: scrub(one.why),
    })),
    left: report.left.map((one) => ({ ...one, text: scrub(one.text) })),
    summary: report.summary.map(scrub),
    milestones: report.milestones.map((one) => ({ ...one, text: scrub(one.text) })),
    timeline: report.timeline.map((one) => ({ ...one, text: scrub(one.text) })),
  };
}
