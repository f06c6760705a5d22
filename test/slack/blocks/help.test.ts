import { describe, expect, it } from 'vitest';
import { checkMessage } from '../../../src/sandbox/slack/index.ts';
import { HELP_NAMES, HELP_TOPICS, helpAnswer } from '../../../src/slack/blocks/help.ts';
import { ALSO, COMMAND_PAGES, TOPIC_PAGES } from '../../../src/slack/blocks/help-words.ts';
import { nearest } from '../../../src/slack/did-you-mean.ts';
import { parseCommand } from '../../../src/slack/parse-command.ts';

const COMMANDS = ['start', 'check', 'status', 'sup', 'list', 'history', 'approve', 'abort', 'rollback', 'verify'];

describe('help', () => {
  it.each([null, 'nonsense', ...HELP_TOPICS])('%s fits into a message, and nothing of it is cut off', (topic) => {
    const page = helpAnswer(topic);
    expect(checkMessage(page.blocks, page.text)).toEqual([]);
    const sections = page.blocks?.filter((block) => block.type === 'section') ?? [];
    expect(JSON.stringify(sections)).not.toMatch(/…"/);
  });

  it('has a page for each command, with how it is written and an example that works', () => {
    expect(Object.keys(COMMAND_PAGES)).toEqual(COMMANDS);
    for (const [word, { usage, example }] of Object.entries(COMMAND_PAGES)) {
      expect(usage.startsWith(word)).toBe(true);
      expect([example, parseCommand(example)]).toMatchObject([example, { kind: word === 'verify' ? 'refused' : word }]);
      expect(helpAnswer(word).text).toContain(`/redis-migrate ${example}`);
      expect(helpAnswer(null).text).toContain(`/redis-migrate ${word}\``);
    }
    expect(helpAnswer('verify').text).toContain('later version');
  });

  it('names every option on the pages that it sends to', () => {
    const said = (topic: string) => helpAnswer(topic).text;
    for (const option of ['--name', '--reason', '--cutover', '--canary', '--soak', '--yes-wipe', '--at', '--window'])
      expect(said('start')).toContain(`\`${option}`);
    for (const option of ['--at', '--window', '--window-minutes', '--zone', '--auto-switch'])
      expect(said('schedule')).toContain(`\`${option}`);
  });

  it('finds a page by its option or another name, and the nearest one of a typo', () => {
    for (const page of Object.values(ALSO)) expect({ ...COMMAND_PAGES, ...TOPIC_PAGES }).toHaveProperty(page);
    expect(helpAnswer('overlap').text).toContain('Help on cutover');
    expect(helpAnswer('--window').text).toContain('Help on schedule');
    expect(helpAnswer('gatse', nearest('gatse', HELP_NAMES)).text).toContain(
      'Did you mean `/redis-migrate help gates`?',
    );
    expect(helpAnswer('constructor').text).toContain('There is no help on that.');
  });
});
