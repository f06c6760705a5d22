/** What the block checkers share: the list of problems, text objects, and the small questions asked everywhere. */
import { isObject, type JsonObject } from '../json.ts';

export type BlockErrorCode =
  | 'invalid_blocks'
  | 'invalid_blocks_format'
  | 'invalid_attachments'
  | 'invalid_arguments'
  | 'msg_blocks_too_long'
  | 'msg_too_long'
  | 'no_text'
  | 'view_too_large';

export interface BlockProblem {
  /** JSON pointer, such as `/blocks/0/text/text`. */
  readonly path: string;
  readonly problem: string;
  /** The error that Slack's Web API would answer with. */
  readonly code: BlockErrorCode;
}

export type Surface = 'message' | 'modal' | 'home';

export class Report {
  readonly problems: BlockProblem[] = [];
  readonly surface: Surface;
  readonly #defaultCode: BlockErrorCode;

  constructor(surface: Surface) {
    this.surface = surface;
    // views.open and its sisters say invalid_arguments for what chat.postMessage calls invalid_blocks.
    this.#defaultCode = surface === 'message' ? 'invalid_blocks' : 'invalid_arguments';
  }

  add(path: string, problem: string, code: BlockErrorCode = this.#defaultCode): void {
    this.problems.push({ path, problem, code });
  }
}

/** Slack refuses properties that it doesn't know. `type` and `block_id` are always known. */
export function onlyKnown(report: Report, path: string, value: JsonObject, keys: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (key === 'type' || keys.includes(key)) continue;
    report.add(path, `invalid additional property: ${key}`);
  }
}

export function required(report: Report, path: string, value: JsonObject, key: string): boolean {
  if (value[key] !== undefined && value[key] !== null) return true;
  report.add(path, `missing required field: ${key}`);
  return false;
}

interface StringLimits {
  readonly min?: number;
  readonly max: number;
}

/** A bare string. Absent is fine; ask `required` first where it is not. */
export function checkString(report: Report, path: string, value: unknown, limits: StringLimits): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'string') {
    report.add(path, 'must provide a string');
    return;
  }
  if (value.length > limits.max) report.add(path, `must be less than ${limits.max + 1} characters`);
  if (value.length < (limits.min ?? 0)) report.add(path, `must be more than ${(limits.min ?? 0) - 1} characters`);
}

interface TextLimits {
  readonly max: number;
  /** `plain`: Slack takes nothing but plain_text here. */
  readonly kind: 'plain' | 'mrkdwn' | 'any';
}

/** A text object. Absent is fine; ask `required` first where it is not. */
export function checkText(report: Report, path: string, value: unknown, limits: TextLimits): void {
  if (value === undefined || value === null) return;
  if (!isObject(value)) {
    report.add(path, 'must provide an object');
    return;
  }
  const type = value['type'];
  const allowed = { plain: ['plain_text'], mrkdwn: ['mrkdwn'], any: ['plain_text', 'mrkdwn'] }[limits.kind];
  if (typeof type !== 'string' || !allowed.includes(type)) {
    report.add(`${path}/type`, `must be one of: ${allowed.join(', ')}`);
    return;
  }
  onlyKnown(report, path, value, type === 'plain_text' ? ['text', 'emoji'] : ['text', 'verbatim']);
  if (required(report, path, value, 'text')) {
    checkString(report, `${path}/text`, value['text'], { min: 1, max: limits.max });
  }
}

/** An array of `min` to `max` items; each one is handed to `each`. */
export function checkList(
  report: Report,
  path: string,
  value: unknown,
  size: { readonly min: number; readonly max: number },
  each: (item: unknown, itemPath: string) => void,
): void {
  if (!Array.isArray(value)) {
    report.add(path, 'must provide an array');
    return;
  }
  if (value.length > size.max) report.add(path, `no more than ${size.max} items allowed`);
  if (value.length < size.min) report.add(path, `no less than ${size.min} items allowed`);
  value.forEach((item: unknown, index) => each(item, `${path}/${index}`));
}

export function checkEnum(report: Report, path: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || value === null) return;
  if (typeof value === 'string' && allowed.includes(value)) return;
  report.add(path, `must be one of: ${allowed.join(', ')}`);
}

/** Whole numbers only. */
export function checkCount(report: Report, path: string, value: unknown, min: number, max: number): void {
  if (value === undefined || value === null) return;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  report.add(path, `must be a whole number from ${min} to ${max}`);
}
