/**
 * What Slack refuses in blocks and views, as pure functions. Where Slack's own words are known ("must be less than
 * 3001 characters"), they are used. Lengths are counted in UTF-16 units, which is never less than Slack counts.
 *
 * Sources: @slack/types 3.2.0 for the shapes, docs.slack.dev/reference/block-kit for the numbers. The cumulative limit
 * of a message is in no document: 13,297 characters were measured in slackapi/bolt-js#2509.
 */
import { checkElement, checkImage, IN_ACTIONS, IN_CONTEXT_ACTIONS, IN_INPUT, IN_SECTION } from './blocks/elements.ts';
import {
  type BlockProblem,
  checkEnum,
  checkList,
  checkString,
  checkText,
  onlyKnown,
  Report,
  required,
} from './blocks/report.ts';
import { checkDataTable, checkRichText, checkTable, textLength } from './blocks/tables.ts';
import { isObject, type JsonObject } from './json.ts';

export type { BlockProblem } from './blocks/report.ts';

const MESSAGE_CHARACTERS = 13_000;
/** Measured by others with `markdown` blocks: a header costs about this much besides its text. */
const HEADER_COST = 100;
const MARKDOWN_CHARACTERS = 12_000;
const VIEW_BYTES = 250_000;
const POST_TEXT = 40_000;
const UPDATE_TEXT = 4_000;

type BlockCheck = (report: Report, path: string, block: JsonObject) => void;

const VIEW_BLOCKS = ['actions', 'context', 'divider', 'header', 'image', 'input', 'rich_text', 'section', 'video'];
const ALLOWED = {
  message: [
    ...VIEW_BLOCKS,
    'card',
    'carousel',
    'container',
    'context_actions',
    'data_table',
    'markdown',
    'plan',
    'table',
    'task_card',
  ],
  modal: [...VIEW_BLOCKS, 'alert'],
  home: VIEW_BLOCKS,
} as const;
const IN_CONTAINER = [
  'actions',
  'context',
  'divider',
  'header',
  'image',
  'input',
  'rich_text',
  'section',
  'table',
  'video',
];

const CHECKS: Readonly<Record<string, BlockCheck>> = {
  actions(report, path, block) {
    onlyKnown(report, path, block, ['block_id', 'elements']);
    checkElements(report, path, block, 25, (element, elementPath) =>
      checkElement(report, elementPath, element, IN_ACTIONS),
    );
  },
  alert(report, path, block) {
    onlyKnown(report, path, block, ['block_id', 'text', 'level']);
    if (required(report, path, block, 'text'))
      checkText(report, `${path}/text`, block['text'], { kind: 'any', max: 3000 });
    checkEnum(report, `${path}/level`, block['level'], ['default', 'info', 'warning', 'error', 'success']);
  },
  card(report, path, block) {
    onlyKnown(report, path, block, ['block_id', 'hero_image', 'icon', 'title', 'subtitle', 'body', 'actions']);
    checkText(report, `${path}/title`, block['title'], { kind: 'mrkdwn', max: 150 });
    checkText(report, `${path}/subtitle`, block['subtitle'], { kind: 'mrkdwn', max: 150 });
    checkText(report, `${path}/body`, block['body'], { kind: 'mrkdwn', max: 200 });
    if (block['actions'] === undefined) return;
    checkList(report, `${path}/actions`, block['actions'], { min: 0, max: 25 }, (button, buttonPath) =>
      checkElement(report, buttonPath, button, ['button']),
    );
  },
  carousel(report, path, block) {
    onlyKnown(report, path, block, ['block_id', 'elements']);
    checkElements(report, path, block, 10, (card, cardPath) => checkBlock(report, cardPath, card, ['card']));
  },
  container(report, path, block) {
    const known = ['block_id', 'title', 'rich_text_title', 'subtitle', 'child_blocks', 'width', 'icon'];
    onlyKnown(report, path, block, [...known, 'is_collapsible', 'default_collapsed', 'has_header_divider']);
    if (block['rich_text_title'] === undefined) required(report, path, block, 'title');
    checkText(report, `${path}/title`, block['title'], { kind: 'plain', max: 150 });
    checkText(report, `${path}/subtitle`, block['subtitle'], { kind: 'any', max: 150 });
    checkList(report, `${path}/child_blocks`, block['child_blocks'], { min: 1, max: 10 }, (child, childPath) =>
      checkBlock(report, childPath, child, IN_CONTAINER),
    );
  },
  context(report, path, block) {
    onlyKnown(report, path, block, ['block_id', 'elements']);
    checkElements(report, path, block, 10, (element, elementPath) => {
      if (isObject(element) && element['type'] === 'image') checkImage(report, elementPath, element);
      else checkText(report, elementPath, element ?? '', { kind: 'any', max: 3000 });
    });
  },
  context_actions(report, path, block) {
    onlyKnown(report, path, block, ['block_id', 'elements']);
    checkElements(report, path, block, 5, (element, at) => checkElement(report, at, element, IN_CONTEXT_ACTIONS));
  },
  data_table: checkDataTable,
  divider: (report, path, block) => onlyKnown(report, path, block, ['block_id']),
  header(report, path, block) {
    onlyKnown(report, path, block, ['block_id', 'text']);
    if (required(report, path, block, 'text'))
      checkText(report, `${path}/text`, block['text'], { kind: 'plain', max: 150 });
  },
  image(report, path, block) {
    checkImage(report, path, block, ['block_id', 'title']);
    checkText(report, `${path}/title`, block['title'], { kind: 'plain', max: 2000 });
  },
  input(report, path, block) {
    onlyKnown(report, path, block, ['block_id', 'label', 'hint', 'optional', 'element', 'dispatch_action']);
    if (required(report, path, block, 'label'))
      checkText(report, `${path}/label`, block['label'], { kind: 'plain', max: 2000 });
    checkText(report, `${path}/hint`, block['hint'], { kind: 'plain', max: 2000 });
    if (required(report, path, block, 'element')) checkElement(report, `${path}/element`, block['element'], IN_INPUT);
  },
  markdown(report, path, block) {
    onlyKnown(report, path, block, ['block_id', 'text']);
    if (required(report, path, block, 'text'))
      checkString(report, `${path}/text`, block['text'], { min: 1, max: MARKDOWN_CHARACTERS });
  },
  plan(report, path, block) {
    onlyKnown(report, path, block, ['block_id', 'title', 'tasks']);
    if (required(report, path, block, 'title'))
      checkString(report, `${path}/title`, block['title'], { min: 1, max: 3000 });
    if (block['tasks'] === undefined) return;
    checkList(report, `${path}/tasks`, block['tasks'], { min: 0, max: 50 }, (task, taskPath) =>
      checkBlock(report, taskPath, task, ['task_card']),
    );
  },
  rich_text: checkRichText,
  section(report, path, block) {
    onlyKnown(report, path, block, ['block_id', 'text', 'fields', 'accessory', 'expand']);
    if (block['text'] === undefined && block['fields'] === undefined)
      report.add(path, 'must define either `text` or `fields`');
    checkText(report, `${path}/text`, block['text'], { kind: 'any', max: 3000 });
    if (block['fields'] !== undefined) {
      checkList(report, `${path}/fields`, block['fields'], { min: 1, max: 10 }, (field, fieldPath) =>
        checkText(report, fieldPath, field ?? '', { kind: 'any', max: 2000 }),
      );
    }
    if (block['accessory'] !== undefined) checkElement(report, `${path}/accessory`, block['accessory'], IN_SECTION);
  },
  table: checkTable,
  task_card(report, path, block) {
    onlyKnown(report, path, block, ['block_id', 'task_id', 'title', 'details', 'output', 'sources', 'status']);
    for (const key of ['task_id', 'title', 'status']) required(report, path, block, key);
    checkString(report, `${path}/title`, block['title'], { min: 1, max: 3000 });
    checkEnum(report, `${path}/status`, block['status'], ['pending', 'in_progress', 'complete', 'error']);
    for (const key of ['details', 'output'])
      if (block[key] !== undefined) checkRichText(report, `${path}/${key}`, block[key]);
  },
  video(report, path, block) {
    for (const key of ['video_url', 'thumbnail_url', 'alt_text', 'title']) required(report, path, block, key);
    checkText(report, `${path}/title`, block['title'], { kind: 'plain', max: 199 });
    checkString(report, `${path}/author_name`, block['author_name'], { max: 49 });
  },
};

function checkElements(
  report: Report,
  path: string,
  block: JsonObject,
  max: number,
  each: (item: unknown, at: string) => void,
): void {
  checkList(report, `${path}/elements`, block['elements'], { min: 1, max }, each);
  const ids = Array.isArray(block['elements'])
    ? block['elements'].map((e: unknown) => (isObject(e) ? e['action_id'] : undefined))
    : [];
  ids.forEach((id, index) => {
    if (id !== undefined && ids.indexOf(id) < index)
      report.add(`${path}/elements/${index}/action_id`, `action_id already used: ${JSON.stringify(id)}`);
  });
}

function checkBlock(report: Report, path: string, block: unknown, allowed: readonly string[]): void {
  if (!isObject(block)) {
    report.add(path, 'must provide an object', report.surface === 'message' ? 'invalid_blocks_format' : undefined);
    return;
  }
  const type = block['type'];
  const check = typeof type === 'string' && allowed.includes(type) ? CHECKS[type] : undefined;
  if (check === undefined) {
    report.add(`${path}/type`, `unsupported type: ${String(type)}`);
    return;
  }
  check(report, path, block);
  checkString(report, `${path}/block_id`, block['block_id'], { max: 255 });
}

function checkBlocks(report: Report, path: string, blocks: readonly unknown[]): void {
  const seen = new Set<unknown>();
  blocks.forEach((block, index) => {
    checkBlock(report, `${path}/${index}`, block, ALLOWED[report.surface]);
    const id = isObject(block) ? block['block_id'] : undefined;
    if (id === undefined || id === '') return;
    if (seen.has(id)) report.add(`${path}/${index}/block_id`, `block_id already used: ${JSON.stringify(id)}`);
    seen.add(id);
  });
}

/**
 * Characters that count against a message's cumulative limit: every `text` of every block and 100 for each header. The
 * cells of tables have limits of their own and are left out.
 */
export function blockTextLength(blocks: readonly unknown[]): number {
  let sum = 0;
  for (const block of blocks) {
    const type = isObject(block) ? block['type'] : undefined;
    if (type === 'table' || type === 'data_table') continue;
    sum += textLength(block) + (type === 'header' ? HEADER_COST : 0);
  }
  return sum;
}

/**
 * Everything that Slack would refuse in a message. An empty list: it would be posted.
 * `forUpdate`: chat.update allows far less `text` than chat.postMessage.
 */
export function checkMessage(
  blocks: unknown,
  text: string | null | undefined,
  options: { readonly forUpdate?: boolean } = {},
): BlockProblem[] {
  const report = new Report('message');
  if (blocks !== undefined && blocks !== null && !Array.isArray(blocks)) {
    report.add('/blocks', 'must provide an array', 'invalid_blocks_format');
    return report.problems;
  }
  const list: readonly unknown[] = blocks ?? [];
  if (list.length === 0 && (text ?? '') === '') report.add('/text', 'no text', 'no_text');
  if ((text ?? '').length > (options.forUpdate === true ? UPDATE_TEXT : POST_TEXT))
    report.add('/text', 'text is too long', 'msg_too_long');
  if (list.length > 50) report.add('/blocks', 'no more than 50 items allowed');
  checkBlocks(report, '/blocks', list);
  const ofType = (...types: string[]) =>
    list.filter((block) => isObject(block) && types.includes(String(block['type'])));
  // Tables and data tables are one family: Slack's guidance for its own plug-ins counts them together.
  if (ofType('table', 'data_table').length > 1) report.add('/blocks', 'only_one_table_allowed', 'invalid_attachments');
  if (textLength(ofType('markdown')) > MARKDOWN_CHARACTERS) {
    report.add('/blocks', `no more than ${MARKDOWN_CHARACTERS} characters in all markdown blocks`);
  }
  if (blockTextLength(list) > MESSAGE_CHARACTERS) {
    report.add(
      '/blocks',
      `no more than ${MESSAGE_CHARACTERS} characters in all blocks, has ${blockTextLength(list)}`,
      'msg_blocks_too_long',
    );
  }
  return report.problems;
}

/** Everything that Slack would refuse in a modal or a Home tab. */
export function checkView(view: unknown): BlockProblem[] {
  const type = isObject(view) ? view['type'] : undefined;
  const report = new Report(type === 'home' ? 'home' : 'modal');
  if (!isObject(view) || (type !== 'modal' && type !== 'home')) {
    report.add('/view/type', `unsupported type: ${String(type)}`);
    return report.problems;
  }
  const common = ['blocks', 'private_metadata', 'callback_id', 'external_id'];
  onlyKnown(
    report,
    '/view',
    view,
    type === 'home' ? common : [...common, 'title', 'close', 'submit', 'clear_on_close', 'notify_on_close'],
  );
  checkString(report, '/view/private_metadata', view['private_metadata'], { max: 3000 });
  checkString(report, '/view/callback_id', view['callback_id'], { max: 255 });
  checkString(report, '/view/external_id', view['external_id'], { max: 255 });
  if (type === 'modal') required(report, '/view', view, 'title');
  for (const key of ['title', 'close', 'submit'])
    checkText(report, `/view/${key}`, view[key], { kind: 'plain', max: 24 });
  const blocks = view['blocks'];
  if (!Array.isArray(blocks)) {
    report.add('/view/blocks', 'must provide an array');
    return report.problems;
  }
  if (blocks.length > 100) report.add('/view/blocks', 'no more than 100 items allowed');
  checkBlocks(report, '/view/blocks', blocks);
  const inputs = blocks.filter((block) => isObject(block) && block['type'] === 'input').length;
  if (type === 'modal' && inputs > 0) required(report, '/view', view, 'submit');
  if ((JSON.stringify(view).match(/"focus_on_load":true/g) ?? []).length > 1)
    report.add('/view/blocks', 'only one element may have focus_on_load');
  if (Buffer.byteLength(JSON.stringify(view)) > VIEW_BYTES)
    report.add('/view', `no more than ${VIEW_BYTES} bytes`, 'view_too_large');
  return report.problems;
}
