/** The picture as PNG: its size, its font, and what happens when it cannot be drawn. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { chartSvg } from '../../../src/slack/chart/card.ts';
import { chartOf } from '../../../src/slack/chart/chart.ts';
import { createPngDrawer } from '../../../src/slack/chart/render.ts';
import { history } from './history.ts';

const draw = createPngDrawer(systemClock);
const words = (text: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40" font-family="Inter"><text x="4" y="30" font-size="20">${text}</text></svg>`;

describe('drawing', () => {
  it('makes a PNG of twice as many pixels, small enough to forward', async () => {
    const { report, samples } = history(300, { seconds: 120, spacing: 4 });
    const chart = chartOf(report, samples);
    if (chart === null) throw new Error('There is nothing to draw.');
    const svg = chartSvg(chart);
    const png = await draw(svg);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16)).toBe(2_160);
    expect(png.readUInt32BE(20)).toBe(2 * Number(/height="(\d+)"/.exec(svg)?.[1]));
    expect(png.length).toBeLessThan(1_000_000);
  });

  it('has a font of its own: words are seen, in both weights', async () => {
    const [none, thin, bold] = await Promise.all(
      [words(''), words('Shard 1'), words('Shard 1').replace('font-size', 'font-weight="600" font-size')].map(draw),
    );
    expect(thin?.length).toBeGreaterThan((none?.length ?? 0) * 2);
    expect(bold?.equals(thin ?? Buffer.alloc(0))).toBe(false);
  });

  it('says so when it cannot be drawn, and when it takes too long', async () => {
    await expect(draw('<svg')).rejects.toThrow();
    const hasty = createPngDrawer({ sleep: () => Promise.resolve() });
    await expect(hasty(words('late'))).rejects.toThrow('took over');
  });
});
