/** What of the clock is told in the thread, who is called, and what the channel sees. */
import { expect, it } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { nextChapter } from '../../src/slack/story.ts';
import { BEN, row } from './support.ts';

const waits = () => ({ waits: true, who: [`<@${BEN}>`] });
const gone = () => ({ waits: false, who: [] });
const reminded = (where: 'thread' | 'channel'): Event => ({
  kind: 'reminded',
  gate: 'switch',
  where,
  missing: 1,
  waitedMs: 1_800_000,
});
const window = (what: 'opened' | 'closed' | 'missed', expected: boolean): Event => ({
  kind: 'window',
  what,
  opensAt: 1,
  closesAt: 2,
  expected,
  text: 'So it is.',
});
const broadcast = (event: Event) => nextChapter([row(7, event)], waits).broadcast;

it('a reminder calls those who must act, in the thread first and in the channel at last', () => {
  expect(nextChapter([row(7, reminded('thread'))], waits)).toMatchObject({
    text: `⏰ Row 7. <@${BEN}>`,
    broadcast: false,
  });
  expect(broadcast(reminded('channel'))).toBe(true);
});

it('one that comes too late, because Slack was away, calls nobody', () => {
  expect(nextChapter([row(7, reminded('channel'))], gone)).toMatchObject({ text: '⏰ Row 7.', broadcast: false });
});

it('the channel hears of a window that closed or passed without the switch that was to happen in it', () => {
  expect(broadcast(window('opened', true))).toBe(false);
  expect(broadcast(window('closed', true))).toBe(true);
  expect(broadcast(window('missed', true))).toBe(true);
  expect(broadcast(window('closed', false))).toBe(false);
  expect(broadcast({ kind: 'start_late', text: 'The start was due.' })).toBe(true);
});

it('times go to Slack as moments that each reader sees in their own zone', () => {
  const text = 'Open until <!date^1796432400^{date_long_pretty} at {time}|2026-12-05T01:00:00Z>.';
  expect(nextChapter([row(7, window('opened', true), { text })], waits).text).toBe(`🗓️ ${text}`);
});
