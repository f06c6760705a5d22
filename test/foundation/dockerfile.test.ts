/** The replay of the image refuses what it does not know, and our own Dockerfile keeps its promises. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseDockerfile, parseExecForm, parseIgnore, parsePairs, substitute } from '../../scripts/lib/dockerfile.mjs';

const root = join(import.meta.dirname, '../..');
const ours = parseDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'));
const step = (text: string) => ({ line: 3, name: 'ENV', flags: {}, text });

describe('reading a Dockerfile', () => {
  test('continued lines and comments', () => {
    const [env, run] = parseDockerfile('# a comment\nENV A=1 \\\n    # another\n    B="two words"\nRUN npm ci\n');
    expect(env).toEqual({ line: 2, name: 'ENV', flags: {}, text: 'A=1 B="two words"' });
    expect(run?.line).toBe(5);
    expect(parsePairs(step(env?.text ?? ''))).toEqual({ A: '1', B: 'two words' });
  });

  test.each([
    ['ADD https://example.com/a .', 'does not know ADD'],
    ['RUN --mount=type=cache,target=/x npm ci', 'does not know RUN --mount'],
    ['COPY --link a b', 'does not know COPY --link'],
    ['COPY <<EOF /a', 'here-documents'],
    ['ONBUILD RUN x', 'does not know ONBUILD'],
    ['RUN', 'RUN says nothing'],
    ['RUN a \\', 'backslash'],
  ])('%s is refused with its line', (text, problem) => {
    expect(() => parseDockerfile(`FROM x\n${text}\n`)).toThrow(`Dockerfile, line 2: `);
    expect(() => parseDockerfile(`FROM x\n${text}\n`)).toThrow(problem);
  });

  test('the old form of ENV, the shell form of ENTRYPOINT and unknown variables are refused', () => {
    expect(() => parsePairs(step('A one two'))).toThrow('NAME=value only');
    expect(() => parseExecForm(step('node main.js'))).toThrow('["program", "argument"] only');
    expect(() => substitute(step('${NOBODY}'), {})).toThrow('${NOBODY} is not set');
    expect(substitute(step('$A/${B}'), { A: '1', B: '2' })).toBe('1/2');
  });
});

describe('.dockerignore', () => {
  const ignored = parseIgnore(readFileSync(join(root, '.dockerignore'), 'utf8'));

  test.each([
    '.env',
    '.git/config',
    'data/redis-migrate.db',
    'node_modules/x',
    'test/a.test.ts',
    'src/sandbox/demo.ts',
  ])('%s never reaches the engine', (path) => expect(ignored(path)).toBe(true));
  test.each([
    'package.json',
    'package-lock.json',
    'src',
    'src/main.ts',
    'src/slack/app.ts',
    'tsconfig.build.json',
    'LICENSE',
  ])('%s does', (path) => expect(ignored(path)).toBe(false));
  test('wildcards', () => {
    const some = parseIgnore('**/*.log\na/*.tmp\n?.txt');
    expect(['x.log', 'a/b/x.log', 'a/x.tmp', 'b.txt'].map(some)).toEqual([true, true, true, true]);
    expect(['a/b/x.tmp', 'bb.txt', 'x.logs'].map(some)).toEqual([false, false, false]);
  });
});

describe('our image', () => {
  const last = ours.slice(ours.findLastIndex(({ name }) => name === 'FROM'));
  const of = (name: string) => last.filter((one) => one.name === name);

  test('is not root, by number, and listens to the signal that the bot knows', () => {
    expect(of('USER').map(({ text }) => text)).toEqual(['1000:1000']);
    expect(of('STOPSIGNAL').map(({ text }) => text)).toEqual(['SIGTERM']);
  });

  test('keeps its state in a volume', () => {
    const env = Object.assign({}, ...of('ENV').map(parsePairs)) as Record<string, string>;
    expect(of('VOLUME').map(({ text }) => text)).toEqual(['/data']);
    expect(env['STATE_FILE']).toMatch(/^\/data\//);
  });

  test('installs nothing but the locked run-time packages, without their scripts', () => {
    const installs = ours.filter(({ name, text }) => name === 'RUN' && text.startsWith('npm ci'));
    expect(installs.map(({ text }) => text)).toEqual(['npm ci --ignore-scripts', 'npm ci --omit=dev --ignore-scripts']);
  });
});

describe('the replay of a small image', () => {
  let context = '';

  beforeEach(() => {
    context = mkdtempSync(join(tmpdir(), 'redis-migrate-context-'));
    write('main.mjs', BOT);
    write('dist/slack/chart/render.js', DRAWER);
  });
  afterEach(() => rmSync(context, { recursive: true, force: true }));

  function write(name: string, text: string): void {
    mkdirSync(dirname(join(context, name)), { recursive: true });
    writeFileSync(join(context, name), text);
  }

  function replay(dockerfile: string): { code: number | null; output: string } {
    write('Dockerfile', dockerfile);
    const args = [join(root, 'scripts/replay-image.mjs'), '--context', context];
    // The replay itself does not mind which Node the image gets; fetching another one is not this test's affair.
    const env = { ...process.env, NODE24: process.execPath };
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    return { code: status, output: stdout + stderr };
  }

  test('that is as it should be', () => {
    const { code, output } = replay(GOOD);
    expect(output).toContain('"stopMs":');
    expect(code).toBe(0);
  });

  test.each([
    ['writes outside of its volume', GOOD.replace('WRITES=/data/state', 'WRITES=/app/state'), 'before http'],
    ['has no user', GOOD.replace('USER 1000:1000\n', ''), 'has no USER'],
    ['names its user', GOOD.replace('USER 1000:1000', 'USER node'), 'USER has to be two numbers'],
    [
      'has a health check that always says yes',
      GOOD.replace('process.exit(1)', 'process.exit(0)'),
      'where nobody listens',
    ],
    ['has a health check that fails', GOOD.replace('/livez', '/nowhere'), 'HEALTHCHECK ended with code 1'],
    ['copies what is not there', GOOD.replace('main.mjs', 'missing.mjs'), 'missing.mjs is not there'],
    ['runs a step that fails', GOOD.replace('mkdir /data', 'false'), 'RUN ended with code 1'],
    ['ends with a wrong code', GOOD.replace('CODE=0', 'CODE=3'), 'ended with code 3, not 0'],
    ['draws no words', GOOD.replace('COPY dist', 'COPY main.mjs'), 'cannot draw a picture'],
    ['holds sources', GOOD.replace('COPY main.mjs ./', 'COPY main.mjs ./\nCOPY main.mjs ./test/a.ts'), "don't belong"],
  ])('that %s is refused', (_, dockerfile, problem) => {
    const { code, output } = replay(dockerfile);
    expect(output).toContain(problem);
    expect(code).toBe(1);
  });
});

const GOOD = `FROM node:24-slim
WORKDIR /app
ENV WRITES=/data/state CODE=0
COPY main.mjs ./
COPY dist ./dist
RUN mkdir /data
VOLUME /data
USER 1000:1000
HEALTHCHECK CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.ADMIN_PORT + '/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "main.mjs"]
`;

/** Draws what has words larger than what has none, as the bot does with the font that it ships. */
const DRAWER = 'exports.createPngDrawer = () => async (svg) => svg;';

const BOT = `
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
writeFileSync(process.env.WRITES, 'state');
const server = createServer((request, response) => {
  response.statusCode = ['/livez', '/readyz'].includes(request.url) ? 200 : 404;
  response.end();
});
server.listen(Number(process.env.ADMIN_PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(Number(process.env.CODE)));
`;
