/** Where this machine gets Debian's packages from, read from its own apt sources. Nothing is written, no mirror is known. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Names that only Debian's own archive and its mirrors give to a suite; others (PPAs, vendors) are told apart by them. */
const SUITES = /^(bullseye|bookworm|trixie|forky|duke|sid|stable|oldstable|oldoldstable|testing|unstable)$/;

/**
 * @typedef {object} Source
 * @property {string} uri
 * @property {string | undefined} signedBy a path or a key; may have several lines
 * @property {boolean} trusted what the machine's owner trusts unsigned
 */

/** @returns {Promise<Source[]>} in the order of the machine's files; empty where the packages are not Debian's */
export async function machineSources() {
  const names = { list: 'Dir::Etc::sourcelist/f', parts: 'Dir::Etc::sourceparts/d' };
  const { stdout } = await run('apt-config', ['shell', ...Object.entries(names).flat()]);
  const place = (name) => new RegExp(`^${name}='(.*)'$`, 'm').exec(stdout)?.[1];
  const parts = place('parts');
  const inParts = parts === undefined ? [] : await readdir(parts).catch(() => []);
  const files = [place('list'), ...inParts.toSorted().map((name) => join(parts, name))];
  const sources = [];
  for (const file of files) {
    if (!/\.(list|sources)$/.test(file ?? '')) continue;
    const text = await readFile(file, 'utf8').catch(() => '');
    sources.push(...(file.endsWith('.sources') ? sourcesOfDeb822(text) : sourcesOfList(text)));
  }
  const seen = new Set();
  return sources.filter(({ uri }) => !seen.has(uri) && seen.add(uri));
}

/** deb822: paragraphs of `Field: value`, where an indented line goes on with the one above. */
export function sourcesOfDeb822(text) {
  return text
    .replaceAll(/^#.*\n?/gm, '')
    .split(/\n\s*\n/)
    .flatMap((paragraph) => {
      const fields = {};
      for (const [, name, value] of paragraph.matchAll(/^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm))
        fields[name.toLowerCase()] = value.trimEnd();
      if (/^no$/i.test(fields.enabled ?? '')) return [];
      const words = (name) => (fields[name] ?? '').split(/\s+/).filter(Boolean);
      if (!words('types').includes('deb') || !isDebian(words('suites'), words('components'))) return [];
      return words('uris').map((uri) => source(uri, fields['signed-by'], fields.trusted));
    });
}

/** One line: `deb [option=value …] uri suite component…`. */
export function sourcesOfList(text) {
  return text.split('\n').flatMap((line) => {
    const found = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
    if (!found) return [];
    const [, options = '', uri, suite, components] = found;
    if (!isDebian([suite], components.trim().split(/\s+/))) return [];
    const option = (name) => new RegExp(`(?:^|\\s)${name}=(\\S+)`).exec(options)?.[1];
    return [source(uri, option('signed-by'), option('trusted'))];
  });
}

/** The list of one suite of a source. It is checked with the keys with which the machine checks its own. */
export function deb822Of({ uri, signedBy, trusted }, suites) {
  const lines = ['Types: deb', `URIs: ${uri}`, `Suites: ${suites.join(' ')}`, 'Components: main'];
  if (signedBy) lines.push(`Signed-By: ${signedBy}`);
  if (trusted) lines.push('Trusted: yes');
  return `${lines.join('\n')}\n`;
}

function isDebian(suites, components) {
  return components.includes('main') && suites.some((suite) => SUITES.test(suite));
}

function source(uri, signedBy, trusted) {
  return { uri, signedBy, trusted: /^yes$/i.test(trusted ?? '') };
}
