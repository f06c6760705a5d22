import { describe, expect, it } from 'vitest';
import type { ScheduleRequest } from '../../src/domain/plan.ts';
import { isOpen, nextOpening, readSchedule } from '../../src/domain/schedule.ts';
import { dateMark, plainTimes } from '../../src/domain/time-mark.ts';
import { momentOf, wallTimeAt, zoneNamed } from '../../src/domain/zone.ts';
import { createCalendar } from '../../src/schedule/calendar.ts';

const CALENDAR = createCalendar();
const BERLIN = 'Europe/Berlin';
const NEW_YORK = 'America/New_York';
const utc = (text: string) => Date.parse(text);
/** A Sunday. */
const NOW = utc('2026-11-29T12:00:00Z');

const read = (asked: ScheduleRequest, now = NOW) => readSchedule(asked, now, CALENDAR);
const startOf = (asked: ScheduleRequest, now = NOW) => {
  const { schedule, problems } = read(asked, now);
  expect(problems).toEqual([]);
  return new Date(schedule?.startAt ?? NaN).toISOString();
};
const sentences = (asked: ScheduleRequest, now = NOW) =>
  read(asked, now)
    .problems.map(({ field, text }) => `${field}: ${text}`)
    .join('\n');

describe('a start time', () => {
  it.each<[string, ScheduleRequest, string]>([
    ['with an offset', { at: '2026-12-05T02:00+01:00' }, '2026-12-05T01:00:00.000Z'],
    ['with an offset, whatever the zone', { at: '2026-12-05T02:00-05:00', zone: BERLIN }, '2026-12-05T07:00:00.000Z'],
    ['in UTC where nothing is said', { at: '2026-12-05 02:00' }, '2026-12-05T02:00:00.000Z'],
    ['with Z', { at: '2026-12-05T02:00:30Z' }, '2026-12-05T02:00:30.000Z'],
    ['in a zone', { at: '2026-12-05 02:00', zone: BERLIN }, '2026-12-05T01:00:00.000Z'],
    [
      'in a zone that was typed in small letters',
      { at: '2026-12-05 02:00', zone: 'europe/berlin' },
      '2026-12-05T01:00:00.000Z',
    ],
    ['as a time of day that comes today', { at: '14:30', zone: BERLIN }, '2026-11-29T13:30:00.000Z'],
    ['as a time of day that is over for today', { at: '2:00', zone: BERLIN }, '2026-11-30T01:00:00.000Z'],
    ['as the time that it is now', { at: '12:00' }, '2026-11-29T12:00:00.000Z'],
    ['half a minute ago', { at: '2026-11-29T11:59:30Z' }, '2026-11-29T11:59:30.000Z'],
  ])('%s', (_, asked, expected) => {
    expect(startOf(asked)).toBe(expected);
  });

  it('tomorrow is the next day of that zone, also over a change of the clocks', () => {
    const evening = utc('2026-10-24T20:00:00Z');
    expect(startOf({ at: '04:00', zone: BERLIN }, evening)).toBe('2026-10-25T03:00:00.000Z');
    expect(startOf({ at: '02:30', zone: BERLIN }, evening)).toBe('2026-10-25T00:30:00.000Z');
    const spring = utc('2026-03-28T20:00:00Z');
    expect(startOf({ at: '03:30', zone: BERLIN }, spring)).toBe('2026-03-29T01:30:00.000Z');
    expect(sentences({ at: '02:30', zone: BERLIN }, spring)).toMatch(/^at: There is no such time/);
  });

  it.each<[ScheduleRequest, RegExp]>([
    [{ at: 'tonight' }, /^at: This start time is not understood\./],
    [{ at: '25:00' }, /^at: There is no such time/],
    [{ at: '02:00Z' }, /^at: This start time is not understood\./],
    [{ at: '2026-12-32 02:00' }, /^at: There is no such time/],
    [{ at: '2026-11-29T11:58:00Z' }, /^at: The start time .* is in the past\./],
    [{ at: '2027-02-01 02:00' }, /^at: The start time .* is more than 60 days ahead\./],
    [{ at: '02:00', zone: 'Mars/Olympus' }, /^zone: There is no time zone of that name\./],
    [{ zone: BERLIN }, /^zone: A time zone goes with a start time or a window/],
  ])('is refused with a sentence: %j', (asked, expected) => {
    expect(sentences(asked)).toMatch(expected);
    expect(read(asked).schedule).toBeNull();
  });
});

describe('a window', () => {
  it('keeps the zone, the expression and the minutes', () => {
    expect(read({ window: ' 0  2 * * 6 ', windowMinutes: '120', zone: BERLIN, autoSwitch: true }).schedule).toEqual({
      zone: BERLIN,
      window: { cron: '0 2 * * 6', minutes: 120 },
      autoSwitch: true,
    });
    expect(read({ window: '0 2 * * 6' }).schedule).toEqual({ zone: 'UTC', window: { cron: '0 2 * * 6', minutes: 60 } });
  });

  it.each<[ScheduleRequest, RegExp]>([
    [{ window: '0 2 31 2 *' }, /^window: The day of the month of this window is not right\./],
    [{ window: '0 2 29 2 *' }, /^window: This window does not open within a year/],
    [{ window: '0 25 * * *' }, /^window: The hour of this window is not right\./],
    [{ window: 'at night' }, /^window: A window is said in five fields\./],
    [{ window: '0 0 2 * * 6' }, /^window: A window is said in five fields\./],
    [{ window: '@daily' }, /^window: A window is said in five fields\./],
    [{ window: '* * * * *' }, /^window: This window is open for days without a break/],
    [{ window: '* * * * *', windowMinutes: '1' }, /^window: This window is open for days without a break/],
    [{ window: '* * * 6 *', windowMinutes: '1' }, /^window: This window is open for days without a break/],
    [{ window: '0 2 * * 6', windowMinutes: '0' }, /^window_minutes: A window's length/],
    [{ window: '0 2 * * 6', windowMinutes: '1441' }, /^window_minutes: A window's length/],
    [{ window: '0 2 * * 6', windowMinutes: 'long' }, /^window_minutes: A window's length/],
    [{ windowMinutes: '60' }, /^window_minutes: The length of a window goes with a window/],
    [{ autoSwitch: true }, /^auto_switch: To switch by itself goes with a window/],
    [{ at: '02:00', autoSwitch: true }, /^auto_switch: To switch by itself goes with a window/],
  ])('is refused with a sentence: %j', (asked, expected) => {
    expect(sentences(asked)).toMatch(expected);
    expect(read(asked).schedule).toBeNull();
  });

  const opening = (cron: string, minutes: number, zone: string, at: string) => {
    const found = nextOpening({ cron, minutes }, zone, utc(at), CALENDAR);
    return found && [found.opensAt, found.closesAt].map((ms) => new Date(ms).toISOString().slice(0, 16)).join(' ');
  };

  it('is the one that is open, or else the next one', () => {
    expect(opening('0 2 * * 6', 60, BERLIN, '2026-12-05T00:59:59.999Z')).toBe('2026-12-05T01:00 2026-12-05T02:00');
    expect(opening('0 2 * * 6', 60, BERLIN, '2026-12-05T01:00:00Z')).toBe('2026-12-05T01:00 2026-12-05T02:00');
    expect(opening('0 2 * * 6', 60, BERLIN, '2026-12-05T01:59:59.999Z')).toBe('2026-12-05T01:00 2026-12-05T02:00');
    expect(opening('0 2 * * 6', 60, BERLIN, '2026-12-05T02:00:00Z')).toBe('2026-12-12T01:00 2026-12-12T02:00');
  });

  it('stays one where openings touch or overlap, and has the same beginning at any moment in it', () => {
    for (const at of ['2026-11-29T03:00Z', '2026-12-05T00:00Z', '2026-12-05T02:30Z', '2026-12-05T05:58Z'])
      expect(opening('* 2-4 * * 6', 60, 'UTC', at), at).toBe('2026-12-05T02:00 2026-12-05T05:59');
    expect(opening('* 2-4 1 6 *', 60, 'UTC', '2026-12-05T03:00Z')).toBe('2027-06-01T02:00 2027-06-01T05:59');
    expect(opening('0 2,3 * * 6', 60, 'UTC', '2026-12-05T03:30Z')).toBe('2026-12-05T02:00 2026-12-05T04:00');
    expect(opening('0 22 * * 5', 1_440, 'UTC', '2026-12-05T03:30Z')).toBe('2026-12-04T22:00 2026-12-05T22:00');
  });

  it('may be a single minute, which another one may follow', () => {
    expect(opening('0 2 * * 6', 1, 'UTC', '2026-12-05T00:00Z')).toBe('2026-12-05T02:00 2026-12-05T02:01');
    expect(opening('0,1,3 2 * * 6', 1, 'UTC', '2026-12-05T00:00Z')).toBe('2026-12-05T02:00 2026-12-05T02:02');
    expect(opening('0,1,3 2 * * 6', 2, 'UTC', '2026-12-05T00:00Z')).toBe('2026-12-05T02:00 2026-12-05T02:05');
  });

  it('goes by the clock of its zone when clocks are set forward and back', () => {
    // Berlin, 29 March 2026: 02:00 becomes 03:00, so there is no 02:30; 25 October: 03:00 becomes 02:00 again.
    expect(opening('0 4 * * 0', 60, BERLIN, '2026-03-27T00:00Z')).toBe('2026-03-29T02:00 2026-03-29T03:00');
    expect(opening('30 2 * * 0', 60, BERLIN, '2026-03-27T00:00Z')).toBe('2026-04-05T00:30 2026-04-05T01:30');
    expect(opening('30 2 * * 0', 60, BERLIN, '2026-10-24T00:00Z')).toBe('2026-10-25T00:30 2026-10-25T02:30');
    // New York, 8 March 2026 and 1 November 2026.
    expect(opening('0 3 * * 0', 60, NEW_YORK, '2026-03-07T00:00Z')).toBe('2026-03-08T07:00 2026-03-08T08:00');
    expect(opening('30 1 * * 0', 30, NEW_YORK, '2026-10-31T00:00Z')).toBe('2026-11-01T05:30 2026-11-01T06:00');
    expect(opening('30 1 * * 0', 30, NEW_YORK, '2026-11-01T06:00Z')).toBe('2026-11-01T06:30 2026-11-01T07:00');
  });

  it('is open from its first moment until just before its end', () => {
    const found = nextOpening({ cron: '0 2 * * 6', minutes: 60 }, 'UTC', NOW, CALENDAR);
    expect(isOpen(found, utc('2026-12-05T01:59:59.999Z'))).toBe(false);
    expect(isOpen(found, utc('2026-12-05T02:00Z'))).toBe(true);
    expect(isOpen(found, utc('2026-12-05T03:00Z'))).toBe(false);
    expect(isOpen(null, NOW)).toBe(false);
  });
});

describe('a zone', () => {
  it('is known by its name in any letters, and by nothing else', () => {
    expect(zoneNamed('america/new_york')).toBe(NEW_YORK);
    expect(zoneNamed('UTC')).toBe('UTC');
    for (const typed of ['', '+01:00', 'Berlin', 'Europe/Berlin ', 'x'.repeat(80)])
      expect(zoneNamed(typed), typed).toBeNull();
  });

  it('takes a moment to the wall and back', () => {
    for (const zone of [BERLIN, NEW_YORK, 'Asia/Kathmandu', 'UTC'])
      for (let at = utc('2026-01-01T00:30:00Z'); at < utc('2027-01-01T00:00:00Z'); at += 36 * 3_600_000)
        expect(momentOf(wallTimeAt(at, zone), zone)).toBe(at);
  });
});

it('shows a moment in the reader’s own time, and plainly where nobody reads marks', () => {
  const text = `Starts ${dateMark(utc('2026-12-05T01:00Z'))}.`;
  expect(text).toBe('Starts <!date^1796432400^{date_long_pretty} at {time}|2026-12-05T01:00:00Z>.');
  expect(plainTimes(text)).toBe('Starts 2026-12-05T01:00:00Z.');
});
