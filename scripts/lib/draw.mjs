/** Lets a built bot draw a picture, with the thread, the library and the font that it ships. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from './processes.mjs';

/** Words alone: without its font nothing of them would be seen, and the two pictures would be the same. */
const svg = (words) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="20" font-family="Inter"><text y="15">${words}</text></svg>`;

/** Throws when the bot in `dist` cannot draw words under this Node. */
export async function seeItDraw(node, dist, options = {}) {
  const code = `
    const { createPngDrawer } = await import(${JSON.stringify(pathToFileURL(join(dist, 'slack/chart/render.js')).href)});
    const draw = createPngDrawer({ sleep: (ms, signal) => new Promise((done) => {
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', () => clearTimeout(timer));
    }) });
    const none = await draw(${JSON.stringify(svg(''))});
    const some = await draw(${JSON.stringify(svg('Shard 1'))});
    process.exit(some.length > none.length ? 0 : 3);
  `;
  const drawn = await run(node, ['--input-type=module', '-e', code], options);
  if (drawn.code !== 0) throw new Error(`The bot cannot draw a picture (code ${drawn.code}).\n${drawn.output}`);
}
