#!/usr/bin/env node
/** Bundles the demo's page to dist-sandbox/page: index.html, its script, its styles. Takes about a second. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { root } from './lib/setup.mjs';

/**
 * slack-blocks-to-jsx scopes its styles to an id that the page takes away, as a page shows many messages; and it insists
 * on a font of its own, where the page has Slack's.
 */
const libraryStyles = {
  name: 'library-styles',
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle)) {
      if (!file.fileName.endsWith('.css')) continue;
      file.source = String(file.source)
        .replaceAll('#slack_blocks_to_jsx', '.slack_blocks_to_jsx.styles_enabled.styles_enabled')
        .replace(/font-family:[^;}]*!important/g, 'font-family:inherit');
    }
  },
};

/** Each file takes its old one's place at once: who builds at the same time, or reads, sees whole files only. */
async function put(folder, { fileName, code, source }) {
  const file = join(folder, fileName);
  await writeFile(`${file}.${process.pid}`, code ?? source);
  await rename(`${file}.${process.pid}`, file);
}

export async function buildPage() {
  const folder = join(root, 'dist-sandbox/page');
  const { output } = await build({
    configFile: false,
    root: join(root, 'src/sandbox/page/client'),
    base: './',
    logLevel: 'error',
    plugins: [libraryStyles],
    build: {
      write: false,
      target: 'es2022',
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      modulePreload: { polyfill: false },
      rolldownOptions: { output: { entryFileNames: 'page.js', assetFileNames: '[name][extname]' } },
    },
  });
  await mkdir(folder, { recursive: true });
  // The document last: what it names is there then.
  for (const file of output.toSorted((a, b) => a.fileName.endsWith('.html') - b.fileName.endsWith('.html')))
    await put(folder, file);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await buildPage();
