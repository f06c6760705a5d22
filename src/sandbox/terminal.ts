/** Slack messages as text for a terminal. Reads blocks, knows the sandbox's people by name. Pure. */
import { isObject, type JsonObject } from './slack/json.ts';
import type { SandboxMessage } from './slack/workspace.ts';

export interface Look {
  /** Slack user id → name. */
  readonly names: ReadonlyMap<string, string>;
  readonly colours: boolean;
}

export function renderMessage(message: Pick<SandboxMessage, 'text' | 'blocks'>, look: Look): string[] {
  const lines = message.blocks.flatMap((block) => renderBlock(block, look));
  return lines.length > 0 ? lines : words(message.text, look).split('\n');
}

function renderBlock(block: JsonObject, look: Look): string[] {
  switch (block['type']) {
    case 'header':
      return [paint(textOf(block['text'], look), '1', look)];
    case 'section': {
      const fields = Array.isArray(block['fields']) ? block['fields'].map((field) => textOf(field, look)) : [];
      return [...(block['text'] === undefined ? [] : textOf(block['text'], look).split('\n')), ...fields];
    }
    case 'context':
      return [
        paint(
          elements(block)
            .map((one) => textOf(one, look))
            .join('  '),
          '2',
          look,
        ),
      ];
    case 'actions':
      return [
        elements(block)
          .map((one) => paint(`[ ${textOf(one['text'], look)} ]`, one['style'] === 'danger' ? '31' : '32', look))
          .join('  '),
      ];
    case 'table':
    case 'data_table':
      return table(block, look);
    case 'divider':
      return ['─'.repeat(40)];
    default:
      return [];
  }
}

function elements(block: JsonObject): JsonObject[] {
  return Array.isArray(block['elements']) ? block['elements'].filter(isObject) : [];
}

function table(block: JsonObject, look: Look): string[] {
  const rows = (Array.isArray(block['rows']) ? block['rows'] : []).map((row) =>
    Array.isArray(row) ? row.map((cell) => textOf(cell, look)) : [],
  );
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ''))));
  return rows.map((row, index) => {
    const line = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell))).join('  ');
    return paint(line.trimEnd(), index === 0 ? '4' : '0', look);
  });
}

/** Columns that a text takes in a terminal: an emoji takes two, its selectors none. */
function width(text: string): number {
  let columns = 0;
  for (const letter of text) {
    if (/\p{Extended_Pictographic}/u.test(letter)) columns += 2;
    else if (!/\p{Mn}|\u200d/u.test(letter)) columns += 1;
  }
  return columns;
}

function textOf(value: unknown, look: Look): string {
  if (typeof value === 'string') return words(value, look);
  if (!isObject(value)) return '';
  if (typeof value['text'] === 'string') return words(value['text'], look);
  if (isObject(value['text'])) return textOf(value['text'], look);
  return Array.isArray(value['elements']) ? value['elements'].map((one) => textOf(one, look)).join('') : '';
}

/** Mentions, dates, bold and code marks, and escapes of mrkdwn. */
export function words(text: string, look: Look): string {
  return text
    .replace(/<@([A-Z0-9]+)>/g, (_, id: string) => `@${look.names.get(id) ?? id}`)
    .replace(/<!date\^(\d+)\^[^|>]*\|[^>]*>/g, (_, seconds: string) =>
      new Date(Number(seconds) * 1000).toISOString().slice(11, 19),
    )
    .replace(/<([^|>]+)\|([^>]+)>/g, '$2')
    .replace(/(?<![\w*])\*([^*\n]+)\*(?![\w*])/g, (_, bold: string) => paint(bold, '1', look))
    .replace(/`([^`\n]+)`/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

export function paint(text: string, code: string, look: Look): string {
  return look.colours && code !== '0' && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
}
