import type { BlockProblem } from './blocks/report.ts';
import type { JsonObject } from './json.ts';

/** Slack's way to say no: HTTP 200 and an error code. Thrown by the methods, turned into an answer by the server. */
export class SlackRefusal extends Error {
  readonly code: string;
  /** Further fields of the answer, as Slack sends them. */
  readonly extra: JsonObject;

  constructor(code: string, extra: JsonObject = {}) {
    super(code);
    this.name = 'SlackRefusal';
    this.code = code;
    this.extra = extra;
  }
}

/** Slack explains these; the others come bare (slackapi/bolt-js#2867 asks for more). */
const EXPLAINED: readonly string[] = ['invalid_blocks', 'invalid_attachments', 'invalid_arguments'];

export function refuse(code: string, extra: JsonObject = {}): never {
  throw new SlackRefusal(code, extra);
}

/** The first problem names the error; all of them are listed where Slack does so. */
export function refuseProblems(problems: readonly BlockProblem[]): void {
  const first = problems[0];
  if (first === undefined) return;
  if (!EXPLAINED.includes(first.code)) refuse(first.code);
  const lines = problems.map((problem) => `${problem.problem} [json-pointer:${problem.path}]`);
  refuse(first.code, { errors: lines, response_metadata: { messages: lines.map((line) => `[ERROR] ${line}`) } });
}
