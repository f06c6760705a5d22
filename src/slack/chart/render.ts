/**
 * SVG → PNG, on a thread of its own: drawing takes a fraction of a second, and nobody waits for it. Owns one thread at
 * a time, which ends with its picture or when its time is over. Knows only the font that it ships, never those of the system,
 * so that a picture looks the same everywhere. Rejects when a picture cannot be drawn; nothing else ever happens.
 */
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../clock.ts';
import { FONT } from './card.ts';

export type DrawPng = (svg: string) => Promise<Buffer>;

/** Twice as many pixels as the picture has units, for screens that show them. */
const ZOOM = 2;
const LIMIT_MS = 20_000;
const MEMORY_MB = 256;

const { resolve } = createRequire(import.meta.url);
const PACKAGE = '@expo-google-fonts/inter';
const FONT_FILES = [`${PACKAGE}/400Regular/Inter_400Regular.ttf`, `${PACKAGE}/600SemiBold/Inter_600SemiBold.ttf`];

/** Text, because a thread cannot be given TypeScript, and a file of its own would be another one in dist/. */
const THREAD = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { Resvg } = require(workerData.library);
  parentPort.postMessage(new Resvg(workerData.svg, workerData.options).render().asPng());
`;

export function createPngDrawer(clock: Pick<Clock, 'sleep'>): DrawPng {
  let before: Promise<unknown> = Promise.resolve();

  async function drawNow(svg: string): Promise<Buffer> {
    const options = {
      fitTo: { mode: 'zoom', value: ZOOM },
      font: { loadSystemFonts: false, fontFiles: FONT_FILES.map((file) => resolve(file)), defaultFontFamily: FONT },
    };
    const worker = new Worker(THREAD, {
      eval: true,
      workerData: { svg, options, library: resolve('@resvg/resvg-js') },
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    });
    const over = new AbortController();
    try {
      return await new Promise<Buffer>((done, failed) => {
        worker.once('message', (png: Uint8Array) => done(Buffer.from(png)));
        worker.once('error', failed);
        worker.once('exit', (code) => failed(new Error(`The thread that draws ended with code ${code}.`)));
        void clock.sleep(LIMIT_MS, over.signal).then(() => failed(new Error(`A picture took over ${LIMIT_MS} ms.`)));
      });
    } finally {
      over.abort();
      await worker.terminate();
    }
  }

  return (svg) => {
    const mine = before.then(() => drawNow(svg));
    before = mine.catch(() => {});
    return mine;
  };
}
