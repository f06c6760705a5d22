import { describe, expect, test } from 'vitest';
import { blockTextLength, checkMessage, checkView } from '../../../src/sandbox/slack/index.ts';
import { button, form, section } from './bolt-bot.ts';

const x = (length: number) => 'x'.repeat(length);
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const plain = (text: string) => ({ type: 'plain_text', text });
const mrkdwn = (text: string) => ({ type: 'mrkdwn', text });
const cell = (text: string) => ({ type: 'raw_text', text });
const rich = (text: string) => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }],
});
const actions = (...elements: unknown[]) => ({ type: 'actions', elements });
const select = (options: unknown[]) => actions({ type: 'static_select', action_id: 's', options });
const option = (text: string, value = text) => ({ text: plain(text), value });
const confirmed = (confirm: object) =>
  actions({ ...button('a', 'Go', '1'), confirm: { text: plain('Sure?'), ...confirm } });
const table = (rows: unknown, more: object = {}) => ({ type: 'table', rows, ...more });
const dataTable = (rows: unknown, more: object = {}) => ({ type: 'data_table', caption: 'Shards', rows, ...more });
const grid = (rows: number, columns: number, text = 'x') => many(rows, () => many(columns, () => cell(text)));
const input = (more: object = {}) => ({
  type: 'input',
  label: plain('Name'),
  element: { type: 'plain_text_input', action_id: 'n' },
  ...more,
});

/** Name, the largest that Slack takes, the smallest that it refuses, and where it says so. */
const MESSAGE_LIMITS: readonly (readonly [string, unknown[], unknown[], string])[] = [
  ['50 blocks', many(50, () => section('x')), many(51, () => section('x')), '/blocks'],
  ['section text 3000', [section(x(3000))], [section(x(3001))], '/blocks/0/text/text'],
  ['section text not empty', [section('x')], [section('')], '/blocks/0/text/text'],
  ['section with fields alone', [{ type: 'section', fields: [mrkdwn('x')] }], [{ type: 'section' }], '/blocks/0'],
  [
    '10 fields',
    [{ type: 'section', fields: many(10, () => mrkdwn('x')) }],
    [{ type: 'section', fields: many(11, () => mrkdwn('x')) }],
    '/blocks/0/fields',
  ],
  [
    'field 2000',
    [{ type: 'section', fields: [mrkdwn(x(2000))] }],
    [{ type: 'section', fields: [mrkdwn(x(2001))] }],
    '/blocks/0/fields/0/text',
  ],
  [
    'header 150',
    [{ type: 'header', text: plain(x(150)) }],
    [{ type: 'header', text: plain(x(151)) }],
    '/blocks/0/text/text',
  ],
  [
    'header is plain',
    [{ type: 'header', text: plain('x') }],
    [{ type: 'header', text: mrkdwn('x') }],
    '/blocks/0/text/type',
  ],
  [
    'context 10',
    [{ type: 'context', elements: many(10, () => mrkdwn('x')) }],
    [{ type: 'context', elements: many(11, () => mrkdwn('x')) }],
    '/blocks/0/elements',
  ],
  [
    'actions 25',
    [actions(...many(25, (i) => button(`a${i}`, 'x', '1')))],
    [actions(...many(26, (i) => button(`a${i}`, 'x', '1')))],
    '/blocks/0/elements',
  ],
  ['actions not empty', [actions(button('a', 'x', '1'))], [actions()], '/blocks/0/elements'],
  [
    'button text 75',
    [actions(button('a', x(75), '1'))],
    [actions(button('a', x(76), '1'))],
    '/blocks/0/elements/0/text/text',
  ],
  [
    'button text is plain',
    [actions(button('a', 'x', '1'))],
    [actions({ ...button('a', 'x', '1'), text: mrkdwn('x') })],
    '/blocks/0/elements/0/text/type',
  ],
  [
    'button value 2000',
    [actions(button('a', 'x', x(2000)))],
    [actions(button('a', 'x', x(2001)))],
    '/blocks/0/elements/0/value',
  ],
  [
    'action_id 255',
    [actions(button(x(255), 'x', '1'))],
    [actions(button(x(256), 'x', '1'))],
    '/blocks/0/elements/0/action_id',
  ],
  [
    'action_id once a block',
    [actions(button('a', 'x', '1'), button('b', 'x', '1'))],
    [actions(button('a', 'x', '1'), button('a', 'x', '1'))],
    '/blocks/0/elements/1/action_id',
  ],
  [
    'block_id 255',
    [{ ...section('x'), block_id: x(255) }],
    [{ ...section('x'), block_id: x(256) }],
    '/blocks/0/block_id',
  ],
  [
    'block_id once',
    [
      { type: 'divider', block_id: 'a' },
      { type: 'divider', block_id: 'b' },
    ],
    [
      { type: 'divider', block_id: 'a' },
      { type: 'divider', block_id: 'a' },
    ],
    '/blocks/1/block_id',
  ],
  [
    'confirm title 100',
    [confirmed({ title: plain(x(100)) })],
    [confirmed({ title: plain(x(101)) })],
    '/blocks/0/elements/0/confirm/title/text',
  ],
  [
    'confirm text 300',
    [confirmed({ text: mrkdwn(x(300)) })],
    [confirmed({ text: mrkdwn(x(301)) })],
    '/blocks/0/elements/0/confirm/text/text',
  ],
  [
    'confirm button 30',
    [confirmed({ confirm: plain(x(30)) })],
    [confirmed({ confirm: plain(x(31)) })],
    '/blocks/0/elements/0/confirm/confirm/text',
  ],
  [
    'deny button 30',
    [confirmed({ deny: plain(x(30)) })],
    [confirmed({ deny: plain(x(31)) })],
    '/blocks/0/elements/0/confirm/deny/text',
  ],
  [
    'option text 75',
    [select([option(x(75), 'v')])],
    [select([option(x(76), 'v')])],
    '/blocks/0/elements/0/options/0/text/text',
  ],
  [
    'option value 75',
    [select([option('t', x(75))])],
    [select([option('t', x(76))])],
    '/blocks/0/elements/0/options/0/value',
  ],
  [
    '100 options',
    [select(many(100, (i) => option(`${i}`)))],
    [select(many(101, (i) => option(`${i}`)))],
    '/blocks/0/elements/0/options',
  ],
  [
    'markdown 12,000 in all',
    [{ type: 'markdown', text: x(12_000) }],
    [
      { type: 'markdown', text: x(6_001) },
      { type: 'markdown', text: x(6_000) },
    ],
    '/blocks',
  ],
  [
    'image needs alt text',
    [{ type: 'image', image_url: 'https://example.com/a.png', alt_text: 'a' }],
    [{ type: 'image', image_url: 'https://example.com/a.png' }],
    '/blocks/0',
  ],
  [
    'rich text of known parts',
    [rich('x')],
    [{ type: 'rich_text', elements: [{ type: 'text', text: 'x' }] }],
    '/blocks/0/elements/0/type',
  ],
  [
    'plan title is a bare string',
    [{ type: 'plan', title: 'x' }],
    [{ type: 'plan', title: plain('x') }],
    '/blocks/0/title',
  ],
  ['no alert in messages', [section('x')], [{ type: 'alert', text: plain('x') }], '/blocks/0/type'],
  ['known properties only', [section('x')], [{ ...section('x'), colour: 'red' }], '/blocks/0'],
  [
    'no emoji switch in mrkdwn',
    [section('x')],
    [{ type: 'section', text: { ...mrkdwn('x'), emoji: true } }],
    '/blocks/0/text',
  ],
  ['table 100 rows', [table(grid(100, 2))], [table(grid(101, 2))], '/blocks/0/rows'],
  ['table 20 columns', [table(grid(2, 20))], [table(grid(2, 21))], '/blocks/0/rows/0'],
  [
    'table 10,000 characters',
    [table(grid(100, 10, x(10)))],
    [table([...grid(99, 10, x(10)), ...grid(1, 10, x(11))])],
    '/blocks/0/rows',
  ],
  ['table without empty cells', [table([[cell(' ')]])], [table([[cell('')]])], '/blocks/0/rows/0/0/text'],
  ['table cells are objects', [table([[rich('x')]])], [table([['x']])], '/blocks/0/rows/0/0'],
  [
    'table numbers',
    [table([[{ type: 'raw_number', value: 1, text: '1' }]])],
    [table([[{ type: 'raw_number', value: '1', text: '1' }]])],
    '/blocks/0/rows/0/0/value',
  ],
  [
    'table column settings',
    [table(grid(1, 1), { column_settings: [{ align: 'right', is_wrapped: true }] })],
    [table(grid(1, 1), { column_settings: [{ align: 'middle' }] })],
    '/blocks/0/column_settings/0/align',
  ],
  ['data_table 201 rows', [dataTable(grid(201, 2))], [dataTable(grid(202, 2))], '/blocks/0/rows'],
  ['data_table 2 rows at least', [dataTable(grid(2, 1))], [dataTable(grid(1, 1))], '/blocks/0/rows'],
  ['data_table 20 columns', [dataTable(grid(2, 20))], [dataTable(grid(2, 21))], '/blocks/0/rows/0'],
  [
    'data_table 20,000 characters',
    [dataTable(grid(200, 10, x(10)))],
    [dataTable([...grid(199, 10, x(10)), ...grid(1, 10, x(11))])],
    '/blocks/0/rows',
  ],
  ['data_table caption', [dataTable(grid(2, 1))], [dataTable(grid(2, 1), { caption: undefined })], '/blocks/0'],
  [
    'data_table page size',
    [dataTable(grid(2, 1), { page_size: 100 })],
    [dataTable(grid(2, 1), { page_size: 101 })],
    '/blocks/0/page_size',
  ],
  [
    'data_table rows of one length',
    [dataTable(grid(2, 2))],
    [dataTable([...grid(1, 2), ...grid(1, 3)])],
    '/blocks/0/rows/1',
  ],
  [
    'data_table plain header',
    [dataTable([[cell('a')], [rich('b')]])],
    [dataTable([[rich('a')], [cell('b')]])],
    '/blocks/0/rows/0/0/type',
  ],
];

describe('messages', () => {
  test.each(MESSAGE_LIMITS)('%s', (_name, fine, refused, path) => {
    expect(checkMessage(fine, 'text')).toEqual([]);
    const problems = checkMessage(refused, 'text');
    expect(problems.map((problem) => problem.path)).toContain(path);
    expect(problems.every((problem) => problem.code === 'invalid_blocks')).toBe(true);
  });

  test.each([
    ['nothing at all', undefined, '', 'no_text'],
    ['text too long', undefined, x(40_001), 'msg_too_long'],
    ['blocks that are no list', { type: 'section' }, 'x', 'invalid_blocks_format'],
    ['a block that is no object', ['x'], 'x', 'invalid_blocks_format'],
    ['an unknown block', [{ type: 'chart' }], 'x', 'invalid_blocks'],
    ['two tables', [table(grid(1, 1)), table(grid(1, 1))], 'x', 'invalid_attachments'],
    ['a table and a data table', [table(grid(1, 1)), dataTable(grid(2, 1))], 'x', 'invalid_attachments'],
    ['all text together', many(5, () => section(x(2_700))), 'x', 'msg_blocks_too_long'],
  ])('%s: %4$s', (_name, blocks, text, code) => {
    expect(checkMessage(blocks, text).map((problem) => problem.code)).toContain(code);
  });

  test('blocks without text are posted, text without blocks too', () => {
    expect(checkMessage([section('x')], undefined)).toEqual([]);
    expect(checkMessage(undefined, 'x')).toEqual([]);
  });

  test('an update takes less text than a post', () => {
    expect(checkMessage(undefined, x(4_001))).toEqual([]);
    expect(checkMessage(undefined, x(4_001), { forUpdate: true })).toMatchObject([{ code: 'msg_too_long' }]);
  });

  test('the cumulative length counts every text but the cells of tables, and more for headers', () => {
    const header = { type: 'header', text: plain('12345') };
    expect(blockTextLength([section('12345'), header, table(grid(2, 2)), actions(button('a', 'Go', 'value'))])).toBe(
      5 + 105 + 2,
    );
    expect(checkMessage([section(x(2_990)), section(x(2_990)), dataTable(grid(201, 8, x(12)))], 'x')).toEqual([]);
  });
});

const VIEW_LIMITS: readonly (readonly [string, object, object, string])[] = [
  ['100 blocks', { blocks: many(100, () => section('x')) }, { blocks: many(101, () => section('x')) }, '/view/blocks'],
  ['title 24', { title: plain(x(24)) }, { title: plain(x(25)) }, '/view/title/text'],
  ['title is plain', { title: plain('x') }, { title: mrkdwn('x') }, '/view/title/type'],
  ['submit 24', { submit: plain(x(24)) }, { submit: plain(x(25)) }, '/view/submit/text'],
  ['close 24', { close: plain(x(24)) }, { close: plain(x(25)) }, '/view/close/text'],
  ['submit with inputs', { submit: plain('Go') }, { submit: undefined }, '/view'],
  ['private_metadata 3000', { private_metadata: x(3000) }, { private_metadata: x(3001) }, '/view/private_metadata'],
  ['callback_id 255', { callback_id: x(255) }, { callback_id: x(256) }, '/view/callback_id'],
  [
    'input label 2000',
    { blocks: [input({ label: plain(x(2000)) })] },
    { blocks: [input({ label: plain(x(2001)) })] },
    '/view/blocks/0/label/text',
  ],
  [
    'input hint 2000',
    { blocks: [input({ hint: plain(x(2000)) })] },
    { blocks: [input({ hint: plain(x(2001)) })] },
    '/view/blocks/0/hint/text',
  ],
  [
    'placeholder 150',
    { blocks: [input({ element: { type: 'plain_text_input', placeholder: plain(x(150)) } })] },
    { blocks: [input({ element: { type: 'plain_text_input', placeholder: plain(x(151)) } })] },
    '/view/blocks/0/element/placeholder/text',
  ],
  [
    'no button as an input',
    { blocks: [input()] },
    { blocks: [input({ element: button('a', 'x', '1') })] },
    '/view/blocks/0/element/type',
  ],
  [
    'alert is for modals',
    { blocks: [{ type: 'alert', text: plain('x'), level: 'warning' }] },
    { type: 'home', title: undefined, submit: undefined, blocks: [{ type: 'alert', text: plain('x') }] },
    '/view/blocks/0/type',
  ],
  ['no tables in modals', { blocks: [section('x')] }, { blocks: [table(grid(1, 1))] }, '/view/blocks/0/type'],
  ['a known type', {}, { type: 'dialog' }, '/view/type'],
];

describe('views', () => {
  test.each(VIEW_LIMITS)('%s', (_name, fine, refused, path) => {
    const view = (change: object) => ({ ...form('Start'), ...change });
    expect(checkView(view(fine))).toEqual([]);
    const problems = checkView(view(refused));
    expect(problems.map((problem) => problem.path)).toContain(path);
    expect(problems.every((problem) => problem.code === 'invalid_arguments')).toBe(true);
  });

  test('250 kB', () => {
    const blocks = many(90, () => section(x(2_900)));
    expect(checkView({ ...form('Start'), blocks })).toMatchObject([{ code: 'view_too_large' }]);
  });
});
