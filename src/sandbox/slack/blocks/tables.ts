/** `table`, `data_table` and the rich text that their cells may hold. */
import { isObject, type JsonObject } from '../json.ts';
import { checkCount, checkEnum, checkList, checkString, onlyKnown, type Report, required } from './report.ts';

const RICH_LEAVES: Readonly<Record<string, readonly string[]>> = {
  broadcast: ['range'],
  color: ['value'],
  channel: ['channel_id'],
  date: ['timestamp', 'format'],
  emoji: ['name'],
  link: ['url'],
  team: ['team_id'],
  text: ['text'],
  user: ['user_id'],
  usergroup: ['usergroup_id'],
};

function checkLeaves(report: Report, path: string, elements: unknown, allowed: readonly string[]): void {
  checkList(report, path, elements, { min: 0, max: Number.POSITIVE_INFINITY }, (leaf, leafPath) => {
    const type = isObject(leaf) ? leaf['type'] : undefined;
    const fields = typeof type === 'string' && allowed.includes(type) ? RICH_LEAVES[type] : undefined;
    if (!isObject(leaf) || fields === undefined) {
      report.add(`${leafPath}/type`, `unsupported type: ${String(type)}`);
      return;
    }
    for (const field of fields) required(report, leafPath, leaf, field);
    checkString(report, `${leafPath}/text`, leaf['text'], { min: 1, max: Number.POSITIVE_INFINITY });
  });
}

function checkRichElement(report: Report, path: string, element: unknown): void {
  const type = isObject(element) ? element['type'] : undefined;
  const everything = Object.keys(RICH_LEAVES);
  if (!isObject(element)) {
    report.add(path, 'must provide an object');
  } else if (type === 'rich_text_section' || type === 'rich_text_quote') {
    checkLeaves(report, `${path}/elements`, element['elements'], everything);
  } else if (type === 'rich_text_preformatted') {
    checkLeaves(report, `${path}/elements`, element['elements'], ['text', 'link']);
  } else if (type === 'rich_text_list') {
    checkEnum(report, `${path}/style`, element['style'] ?? '', ['bullet', 'ordered']);
    checkList(
      report,
      `${path}/elements`,
      element['elements'],
      { min: 0, max: Number.POSITIVE_INFINITY },
      (item, itemPath) => {
        if (isObject(item) && item['type'] === 'rich_text_section') checkRichElement(report, itemPath, item);
        else report.add(itemPath, 'must be a rich_text_section');
      },
    );
  } else {
    report.add(`${path}/type`, `unsupported type: ${String(type)}`);
  }
}

export function checkRichText(report: Report, path: string, block: unknown): void {
  if (!isObject(block) || block['type'] !== 'rich_text') {
    report.add(path, 'must be a rich_text block');
    return;
  }
  onlyKnown(report, path, block, ['block_id', 'elements']);
  checkList(
    report,
    `${path}/elements`,
    block['elements'],
    { min: 1, max: Number.POSITIVE_INFINITY },
    (element, elementPath) => checkRichElement(report, elementPath, element),
  );
}

function checkCell(report: Report, path: string, cell: unknown, richAllowed: boolean): void {
  const type = isObject(cell) ? cell['type'] : undefined;
  if (!isObject(cell)) {
    report.add(path, 'must provide an object');
  } else if (type === 'raw_text' || type === 'raw_number') {
    onlyKnown(report, path, cell, type === 'raw_text' ? ['text'] : ['text', 'value']);
    if (required(report, path, cell, 'text')) {
      checkString(report, `${path}/text`, cell['text'], { min: 1, max: Number.POSITIVE_INFINITY });
    }
    if (type === 'raw_number' && (typeof cell['value'] !== 'number' || !Number.isFinite(cell['value']))) {
      report.add(`${path}/value`, 'must provide a number');
    }
  } else if (type === 'rich_text' && richAllowed) {
    checkRichText(report, path, cell);
    if (textLength(cell) === 0) report.add(path, 'must be more than 0 characters');
  } else {
    report.add(`${path}/type`, `unsupported type: ${String(type)}`);
  }
}

interface TableLimits {
  readonly rows: { readonly min: number; readonly max: number };
  readonly characters: number;
  /** data_table: the header takes no rich text, and every row is as long as the first. */
  readonly strictHeader: boolean;
}

function checkRows(report: Report, path: string, rows: unknown, limits: TableLimits): void {
  const columns = Array.isArray(rows) && Array.isArray(rows[0]) ? rows[0].length : 0;
  checkList(report, path, rows, limits.rows, (row, rowPath) => {
    const isHeader = rowPath === `${path}/0`;
    checkList(report, rowPath, row, { min: 1, max: 20 }, (cell, cellPath) =>
      checkCell(report, cellPath, cell, !(limits.strictHeader && isHeader)),
    );
    if (limits.strictHeader && Array.isArray(row) && row.length !== columns) {
      report.add(rowPath, `must have as many cells as the first row: ${columns}`);
    }
  });
  const length = textLength(rows);
  if (length > limits.characters)
    report.add(path, `no more than ${limits.characters} characters in all cells, has ${length}`);
}

export function checkTable(report: Report, path: string, block: JsonObject): void {
  onlyKnown(report, path, block, ['block_id', 'rows', 'column_settings']);
  checkRows(report, `${path}/rows`, block['rows'], {
    rows: { min: 1, max: 100 },
    characters: 10_000,
    strictHeader: false,
  });
  if (block['column_settings'] === undefined) return;
  checkList(
    report,
    `${path}/column_settings`,
    block['column_settings'],
    { min: 0, max: 20 },
    (setting, settingPath) => {
      // Slack's own examples skip a column with null.
      if (setting === null) return;
      if (!isObject(setting)) {
        report.add(settingPath, 'must provide an object');
        return;
      }
      onlyKnown(report, settingPath, setting, ['align', 'is_wrapped']);
      checkEnum(report, `${settingPath}/align`, setting['align'], ['left', 'center', 'right']);
      if (!['boolean', 'undefined'].includes(typeof setting['is_wrapped']))
        report.add(`${settingPath}/is_wrapped`, 'must be a boolean');
    },
  );
}

export function checkDataTable(report: Report, path: string, block: JsonObject): void {
  onlyKnown(report, path, block, ['block_id', 'rows', 'caption', 'page_size', 'row_header_column_index']);
  if (required(report, path, block, 'caption')) {
    checkString(report, `${path}/caption`, block['caption'], { min: 1, max: Number.POSITIVE_INFINITY });
  }
  checkCount(report, `${path}/page_size`, block['page_size'], 1, 100);
  checkCount(report, `${path}/row_header_column_index`, block['row_header_column_index'], 0, 19);
  checkRows(report, `${path}/rows`, block['rows'], {
    rows: { min: 2, max: 201 },
    characters: 20_000,
    strictHeader: true,
  });
}

/** Characters in every `text` string below `value`. */
export function textLength(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + textLength(item), 0);
  if (!isObject(value)) return 0;
  let sum = 0;
  for (const [key, child] of Object.entries(value)) {
    sum += key === 'text' && typeof child === 'string' ? child.length : textLength(child);
  }
  return sum;
}
