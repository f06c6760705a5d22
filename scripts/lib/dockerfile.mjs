/**
 * Reads a Dockerfile and a .dockerignore, as far as ours need it. What it does not know it refuses with the line's
 * number, rather than guess: a replay that skips a step proves nothing.
 */

export class DockerfileError extends Error {
  constructor(line, problem) {
    super(`Dockerfile, line ${line}: ${problem}`);
    this.name = 'DockerfileError';
  }
}

const KNOWN_FLAGS = {
  COPY: ['from', 'chown'],
  HEALTHCHECK: ['interval', 'timeout', 'start-period', 'retries'],
};
const KNOWN = 'ARG COPY ENTRYPOINT CMD ENV EXPOSE FROM HEALTHCHECK LABEL RUN STOPSIGNAL USER VOLUME WORKDIR'.split(' ');

/**
 * @typedef {{ line: number, name: string, flags: Record<string, string>, text: string }} Instruction
 * @param {string} source
 * @returns {Instruction[]} in order, continued lines joined, flags taken off
 */
export function parseDockerfile(source) {
  const instructions = [];
  let open = null;
  for (const [index, raw] of source.split('\n').entries()) {
    const line = index + 1;
    if (/^\s*#/.test(raw) || raw.trim() === '') continue;
    const continued = /\\\s*$/.test(raw);
    const text = raw.replace(/\\\s*$/, '').trim();
    open = open === null ? { line, text } : { line: open.line, text: `${open.text} ${text}` };
    if (continued) continue;
    instructions.push(instruction(open.line, open.text));
    open = null;
  }
  if (open !== null) throw new DockerfileError(open.line, 'the last line ends in a backslash.');
  return instructions;
}

function instruction(line, whole) {
  const name = (/^\S+/.exec(whole)?.[0] ?? '').toUpperCase();
  if (!KNOWN.includes(name)) throw new DockerfileError(line, `the replay does not know ${name}.`);
  let text = whole.slice(name.length).trim();
  const flags = {};
  for (let flag = /^--([a-z-]+)=(\S+)\s+/.exec(text); flag !== null; flag = /^--([a-z-]+)=(\S+)\s+/.exec(text)) {
    if (!KNOWN_FLAGS[name]?.includes(flag[1]))
      throw new DockerfileError(line, `the replay does not know ${name} --${flag[1]}.`);
    flags[flag[1]] = flag[2];
    text = text.slice(flag[0].length);
  }
  if (text.startsWith('--'))
    throw new DockerfileError(line, `the replay does not know ${name} ${text.split(/\s/)[0]}.`);
  if (text.includes('<<')) throw new DockerfileError(line, 'the replay does not know here-documents.');
  if (text === '') throw new DockerfileError(line, `${name} says nothing.`);
  return { line, name, flags, text };
}

/** `A=1 B="two words"` → pairs. */
export function parsePairs({ line, name, text }) {
  const pairs = {};
  let rest = text;
  while (rest !== '') {
    const pair = /^([\w.-]+)=(?:"([^"]*)"|([^\s"]*))(?:\s+|$)/.exec(rest);
    if (pair === null) throw new DockerfileError(line, `the replay reads ${name} NAME=value only, not: ${rest}`);
    pairs[pair[1]] = pair[2] ?? pair[3];
    rest = rest.slice(pair[0].length);
  }
  return pairs;
}

/** `["a", "b"]` → words. The shell form is refused: it would not get the signals. */
export function parseExecForm({ line, name, text }) {
  try {
    const words = JSON.parse(text);
    if (Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string')) return words;
  } catch {
    // Not JSON: told below.
  }
  throw new DockerfileError(line, `the replay reads ${name} ["program", "argument"] only.`);
}

export function substitute({ line, text }, variables) {
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced, bare) => {
    const value = variables[braced ?? bare];
    if (value === undefined) throw new DockerfileError(line, `${whole} is not set.`);
    return value;
  });
}

/**
 * @param {string} source a .dockerignore
 * @returns {(path: string) => boolean} whether a path, relative to the context and with forward slashes, is left out
 */
export function parseIgnore(source) {
  const patterns = source
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const keep = line.startsWith('!');
      return { keep, matches: globToRegExp(line.slice(keep ? 1 : 0).replace(/^\/|\/$/g, '')) };
    });
  return (path) => {
    const parts = path.split('/');
    const selfAndParents = parts.map((_, i) => parts.slice(0, i + 1).join('/'));
    let ignored = false;
    for (const { keep, matches } of patterns) if (selfAndParents.some((one) => matches.test(one))) ignored = !keep;
    return ignored;
  };
}

function globToRegExp(glob) {
  const source = glob.replace(/\*\*\/|\*\*|\*|\?|[.+^${}()|[\]\\]/g, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    return `\\${token}`;
  });
  return new RegExp(`^${source}$`);
}
