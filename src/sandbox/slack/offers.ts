/**
 * What external selects have to choose from: the bot's answers to what people typed. Owns the options offered so far;
 * refuses answers that Slack's client would show nothing of.
 */
import { checkOptions } from './blocks/elements.ts';
import { checkList, checkText, Report } from './blocks/report.ts';
import { isObject, type JsonObject } from './json.ts';

export class Offers {
  readonly #offered = new Map<string, JsonObject[]>();

  /** Throws a sentence when Slack would not show the answer. */
  add(where: string, answer: unknown): void {
    const body = isObject(answer) ? answer : {};
    const report = new Report('modal');
    const { options, option_groups: groups } = body as { options?: unknown; option_groups?: unknown };
    if (groups === undefined) checkOptions(report, '/options', options ?? [], { min: 0, max: 100 }, 'plain');
    else
      checkList(report, '/option_groups', groups, { min: 0, max: 100 }, (group, path) => {
        checkText(report, `${path}/label`, isObject(group) ? group['label'] : null, { kind: 'plain', max: 75 });
        checkOptions(
          report,
          `${path}/options`,
          isObject(group) ? group['options'] : null,
          { min: 0, max: 100 },
          'plain',
        );
      });
    const [first] = report.problems;
    if (first !== undefined)
      throw new Error(`Slack shows nothing of the options that the app sent: ${first.path} ${first.problem}.`);
    const found = [options, ...listOf(groups).map((group) => (isObject(group) ? group['options'] : []))].flatMap(
      listOf,
    );
    this.#offered.set(where, [...(this.#offered.get(where) ?? []), ...found.filter(isObject)]);
  }

  at(where: string): readonly JsonObject[] {
    return this.#offered.get(where) ?? [];
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
