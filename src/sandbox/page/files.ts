/** The built page from its folder. Reads only files below it, each time anew, so that a fresh build shows on reload. */
import { readFile } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';

export interface PageFile {
  readonly type: string;
  readonly body: Buffer | string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

const PLACEHOLDER = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>redis-migrate demo</title>
<body><h1>The demo runs, its page was not built</h1><p>What happens can be read at <a href="/events">/events</a>.</p></body></html>
`;

/** Null: no such file. `path` as it stands in the request, still encoded. */
export async function pageFile(folder: string, path: string): Promise<PageFile | null> {
  const wanted = path === '/' ? '/index.html' : decoded(path);
  const root = resolve(folder);
  const file = wanted === null ? null : resolve(join(root, wanted));
  if (file === null || !file.startsWith(root + sep)) return null;
  const type = TYPES[extname(file)];
  const body = type === undefined ? null : await readFile(file).catch(() => null);
  if (type !== undefined && body !== null) return { type, body };
  return path === '/' ? { type: 'text/html; charset=utf-8', body: PLACEHOLDER } : null;
}

function decoded(path: string): string | null {
  try {
    const text = decodeURIComponent(path);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}
