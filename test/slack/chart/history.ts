/** How a migration of any number of shards may have gone, as a report and a series; always the same for the same number. */
import type { Milestone, Report } from '../../../src/domain/report/report.ts';
import type { Sample } from '../../../src/domain/sample.ts';
import { ANA, BEN, EVE } from '../support.ts';

const START = Date.parse('2026-11-29T16:58:12.000Z');

export const NAMES: Readonly<Record<string, string>> = { [ANA]: 'Ana', [BEN]: 'Ben', [EVE]: 'Eve' };

export interface HistoryOptions {
  readonly name?: string;
  readonly host?: (index: number) => string;
  /** How long everything took, in seconds. */
  readonly seconds?: number;
  readonly spacing?: number;
  readonly more?: readonly Milestone[];
  readonly phase?: Report['phase'];
}

/** From 0 to 1, the same for the same number. */
function chance(seed: number): number {
  const wave = Math.sin(seed * 127.1 + 11.7) * 43_758.5453;
  return wave - Math.floor(wave);
}

export function history(shards: number, options: HistoryOptions = {}): { report: Report; samples: Sample[] } {
  const { seconds = 540, spacing = 1, name = 'orders', phase = 'finished' } = options;
  const host = options.host ?? ((index: number) => `orders-${index + 1}.eu-west-1.prod:6379`);
  const syncFrom = seconds * 0.06;
  const syncTo = seconds * 0.55;
  const cutAt = seconds * 0.78;
  const beginOf = (index: number) => syncFrom + (index / Math.max(1, shards)) * (syncTo - syncFrom) * 0.7;
  const tookOf = (index: number) => (syncTo - syncFrom) * (0.16 + chance(index) * 0.14);
  const away = Math.floor(shards * 0.4);
  const samples: Sample[] = [];
  for (let second = syncFrom; second <= seconds; second += spacing) {
    const percents = Array.from({ length: shards }, (_, index) => {
      const share = (second - beginOf(index)) / tookOf(index);
      if (shards > 1 && index === away && second > seconds * 0.6 && second < seconds * 0.66) return null;
      return share <= 0
        ? 0
        : share >= 1
          ? 100
          : Math.floor(Math.min(99, share < 0.4 ? share * 100 : 40 + (share - 0.4) * 97));
    });
    const copying = percents.filter((one) => one !== null && one > 0 && one < 100).length;
    const done = percents.filter((one) => one === 100).length;
    const over = second >= cutAt;
    const noise = chance(second * 3.3);
    samples.push({
      place: Math.round(second / spacing),
      at: START + second * 1000,
      percents,
      lagBytes:
        done === 0
          ? null
          : over
            ? 0
            : Math.round((copying * 9e6 + done * 700) * (0.4 + noise) + (noise > 0.97 ? 4e6 : 0)),
      writesPerSecond: over ? 0 : Math.round(shards * (140 + 60 * Math.sin(second / 40) + 40 * noise)),
      worst: null,
    });
  }
  const iso = (second: number) => new Date(START + second * 1000).toISOString();
  const milestones: Milestone[] = [
    { at: iso(syncFrom - 1), kind: 'approved', text: 'continue approved', user: ANA },
    { at: iso(syncTo + 4), kind: 'in step', text: 'every shard in step', user: null },
    { at: iso(cutAt - 9), kind: 'approved', text: 'switch approved', user: ANA },
    { at: iso(cutAt - 2), kind: 'approved', text: 'switch approved', user: BEN },
    { at: iso(cutAt), kind: 'cut-over', text: 'cut-over', user: null },
    { at: iso(seconds - 3), kind: 'approved', text: 'finish approved', user: BEN },
    { at: iso(seconds), kind: 'ended', text: 'finished', user: null },
    ...(options.more ?? []),
  ];
  milestones.sort((a, b) => a.at.localeCompare(b.at));
  const report: Report = {
    id: 'm-7k3q',
    name,
    phase,
    cutover: 'fenced',
    requestedBy: ANA,
    channel: 'C000000OPS',
    planHash: '0123456789abcdef',
    reason: null,
    startedAt: iso(0),
    endedAt: iso(seconds),
    seconds,
    totals: { shards, keys: shards * 204_386, bytes: shards * 612_000_000 },
    longestPauseMs: 14,
    shards: Array.from({ length: shards }, (_, index) => ({
      index,
      source: host(index),
      destination: host(index).replace('orders', 'orders-new'),
      sourceVersion: 'redis 6.2.14',
      destinationVersion: 'redis 7.4.1',
      outcome: 'moved',
      keys: 204_386,
      bytes: 612_000_000,
      fullSyncSeconds: Math.round(tookOf(index)),
      pauseMs: 6 + Math.round(chance(index + 5) * 8),
      promotedAt: iso(cutAt + 1),
      verified: null,
    })),
    gates: [],
    overrides: [],
    settings: [],
    left: [],
    summary: [],
    milestones,
    timeline: [],
  };
  return { report, samples };
}
