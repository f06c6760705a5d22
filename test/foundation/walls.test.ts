/** Every wall of the house is breached on purpose in a copy, one breach a line, and lint has to say so. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'redis-migrate-walls-'));

interface Line {
  readonly file: string;
  /** One line of code. */
  readonly code: string;
  /** The rule that has to bite; null: this is allowed. */
  readonly rule: string | null;
}

const IMPORTS = 'eslint(no-restricted-imports)';
const PROPERTIES = 'eslint(no-restricted-properties)';
const GLOBALS = 'eslint(no-restricted-globals)';
const CLOCK = 'house(clock)';
const WALLS = [IMPORTS, PROPERTIES, GLOBALS, CLOCK];

const rooms: readonly { readonly file: string; readonly may: string; readonly mayNot: string }[] = [
  {
    file: 'src/domain/a.ts',
    may: './b.ts node:crypto node:net node:util',
    mayNot:
      '../clock.ts ../log.ts ../config.ts ../redis/info.ts ../store/store.ts ../engine/loop.ts ../slack/app.ts ../sandbox/fleet.ts ../main.ts node:fs zod ioredis @slack/types',
  },
  {
    file: 'src/domain/preflight/a.ts',
    may: './b.ts ../plan.ts node:net',
    mayNot: '../../clock.ts ../../redis/info.ts ../../store/store.ts ../../engine/loop.ts ../../main.ts node:fs zod',
  },
  { file: 'src/clock.ts', may: 'node:crypto', mayNot: './log.ts ./domain/a.ts node:fs' },
  { file: 'src/log.ts', may: '', mayNot: './clock.ts ./domain/a.ts node:fs pino' },
  {
    file: 'src/config.ts',
    may: './domain/plan.ts ./passwords.ts ./inventory/server.ts zod yaml node:fs',
    mayNot: './redis/info.ts ./engine/service.ts ./slack/app.ts ./main.ts ./sandbox/fleet.ts ioredis @slack/bolt',
  },
  {
    file: 'src/inventory/a.ts',
    may: './b.ts ../domain/plan.ts ../inventory.ts ../passwords.ts ../log.ts zod node:crypto',
    mayNot: '../clock.ts ../config.ts ../redis/info.ts ../store/store.ts ../engine/service.ts ../bot.ts ioredis',
  },
  {
    file: 'src/redis/a.ts',
    may: './b.ts ../domain/plan.ts ../clock.ts ../log.ts ../passwords.ts ioredis node:tls',
    mayNot:
      '../store/store.ts ../config.ts ../engine/loop.ts ../verify/digest.ts ../slack/app.ts ../main.ts ../sandbox/fleet.ts libsql @slack/web-api',
  },
  {
    file: 'src/store/a.ts',
    may: './b.ts ../domain/plan.ts ../clock.ts libsql node:fs',
    mayNot: '../redis/info.ts ../engine/loop.ts ../slack/app.ts ../main.ts ../sandbox/fleet.ts ioredis @slack/bolt',
  },
  {
    file: 'src/hooks.ts',
    may: './domain/hook.ts ./clock.ts ./log.ts node:http node:dns/promises',
    mayNot:
      './config.ts ./passwords.ts ./redis/info.ts ./store/store.ts ./engine/service.ts ./slack/app.ts ./bot.ts ./main.ts ./sandbox/hook-receiver.ts zod ioredis',
  },
  {
    file: 'src/engine/a.ts',
    may: './b.ts ../domain/plan.ts ../redis/info.ts ../store/store.ts ../verify/digest.ts ../clock.ts ../config.ts',
    mayNot:
      '../slack/app.ts ../schedule/cron.ts ../observability/metrics.ts ../hooks.ts ../sandbox/fleet.ts ../main.ts ioredis libsql @slack/types pino',
  },
  {
    file: 'src/engine/cutover/a.ts',
    may: './b.ts ../journal.ts ../../domain/plan.ts ../../redis/info.ts ../../store/store.ts ../../clock.ts',
    mayNot: '../../slack/app.ts ../../observability/metrics.ts ../../sandbox/fleet.ts ../../main.ts ioredis pino',
  },
  {
    file: 'src/verify/a.ts',
    may: '../redis/info.ts ../engine/service.ts',
    mayNot: '../slack/app.ts ../sandbox/fleet.ts ../main.ts ioredis',
  },
  {
    file: 'src/slack/a.ts',
    may: './b.ts ./blocks/status.ts ../domain/plan.ts ../engine/service.ts ../store/store.ts @slack/bolt @slack/web-api',
    mayNot:
      '../engine/loop.ts ../redis/info.ts ../observability/metrics.ts ../schedule/cron.ts ../main.ts ../sandbox/fleet.ts ioredis libsql',
  },
  {
    file: 'src/slack/listeners/a.ts',
    may: './b.ts ../publisher.ts ../blocks/status.ts ../../domain/plan.ts ../../engine/service.ts @slack/bolt',
    mayNot: '../../engine/loop.ts ../../redis/info.ts ../../main.ts ../../sandbox/fleet.ts ioredis',
  },
  {
    file: 'src/slack/blocks/a.ts',
    may: './b.ts ../text.ts ../../domain/view.ts @slack/types',
    mayNot:
      '../publisher.ts ../../engine/service.ts ../../store/store.ts ../../redis/info.ts @slack/bolt @slack/web-api node:fs',
  },
  {
    file: 'src/sandbox/page/client/a.ts',
    may: './b.ts ./world/b.ts ../state.ts ../../slack/json.ts react react-dom/client slack-blocks-to-jsx',
    mayNot: '../server.ts ../../slack/index.ts ../../../slack/app.ts ../../../domain/plan.ts node:fs zod',
  },
  {
    file: 'src/sandbox/page/client/world/a.ts',
    may: './b.ts ../b.ts ../../state.ts react slack-blocks-to-jsx',
    mayNot: '../../server.ts ../../../slack/index.ts ../../../../domain/plan.ts node:fs',
  },
  {
    file: 'src/schedule/a.ts',
    may: '../engine/service.ts ../domain/plan.ts node-cron',
    mayNot: '../slack/app.ts ../redis/info.ts ../main.ts ../sandbox/fleet.ts @slack/bolt',
  },
  {
    file: 'src/observability/a.ts',
    may: '../engine/service.ts ../log.ts pino prom-client node:http',
    mayNot: '../slack/app.ts ../redis/info.ts ../main.ts ../sandbox/fleet.ts @slack/bolt ioredis',
  },
  {
    file: 'src/main.ts',
    may: './engine/service.ts ./slack/app.ts ./config.ts',
    mayNot: './sandbox/fleet.ts ./sandbox/slack/server.ts',
  },
  {
    file: 'src/bot.ts',
    may: './engine/engine.ts ./slack/app.ts ./store/sqlite.ts ./config.ts node:dns/promises',
    mayNot: './sandbox/fleet.ts ./main.ts',
  },
  { file: 'src/sandbox/a.ts', may: './b.ts ../engine/service.ts ws', mayNot: '../main.ts' },
  { file: 'src/sandbox/slack/a.ts', may: '../b.ts ws', mayNot: '../../main.ts' },
  { file: 'test/a.test.ts', may: '../src/sandbox/fleet.ts ../src/engine/loop.ts', mayNot: '../src/main.ts' },
  { file: 'src/new-room/a.ts', may: '', mayNot: '../domain/plan.ts node:fs' },
];

const lines: readonly Line[] = [
  { file: 'src/domain/a.ts', code: "export { q } from '../log.ts';", rule: IMPORTS },
  { file: 'src/domain/a.ts', code: "export * from '../log.ts';", rule: IMPORTS },
  { file: 'src/domain/a.ts', code: "import type { PPP } from '../redis/info.ts';", rule: IMPORTS },
  { file: 'src/engine/a.ts', code: "export const load = () => import('../slack/app.ts');", rule: IMPORTS },
  { file: 'src/observability/a.ts', code: "import type { Logger } from '@slack/bolt';", rule: null },

  { file: 'src/engine/a.ts', code: 'export const now = Date.now();', rule: PROPERTIES },
  { file: 'src/engine/a.ts', code: 'export const chance = Math.random();', rule: PROPERTIES },
  { file: 'src/engine/a.ts', code: 'export const environment = process.env;', rule: PROPERTIES },
  { file: 'src/engine/a.ts', code: 'export const exit = () => process.exit(1);', rule: PROPERTIES },
  { file: 'src/engine/a.ts', code: 'setTimeout(String, 1);', rule: GLOBALS },
  { file: 'src/engine/a.ts', code: 'setInterval(String, 1);', rule: GLOBALS },
  { file: 'src/engine/a.ts', code: 'globalThis.setTimeout(String, 1);', rule: PROPERTIES },
  { file: 'src/engine/a.ts', code: 'export const monotonic = performance.now();', rule: GLOBALS },
  { file: 'src/engine/a.ts', code: 'export const today = new Date();', rule: CLOCK },
  { file: 'src/engine/a.ts', code: 'export const text = Date();', rule: CLOCK },
  { file: 'src/engine/a.ts', code: "import { setTimeout as sleep } from 'node:timers/promises';", rule: CLOCK },
  { file: 'src/engine/a.ts', code: "import { randomUUID } from 'node:crypto';", rule: CLOCK },
  { file: 'src/engine/a.ts', code: "import * as crypto from 'node:crypto';", rule: CLOCK },
  { file: 'src/engine/a.ts', code: "import { createHmac } from 'node:crypto';", rule: null },
  { file: 'src/engine/a.ts', code: 'export const iso = new Date(5).toISOString();', rule: null },
  { file: 'src/bot.ts', code: 'export const env = process.env;', rule: PROPERTIES },
  { file: 'src/main.ts', code: 'export const env = process.env;', rule: null },
  { file: 'src/main.ts', code: 'export const now = Date.now();', rule: PROPERTIES },
  {
    file: 'src/clock.ts',
    code: 'export const all = [Date.now(), performance.now(), setTimeout, new Date()];',
    rule: null,
  },
  { file: 'src/sandbox/a.ts', code: 'console.log(Date.now(), setTimeout, process.env);', rule: null },
  { file: 'test/a.test.ts', code: 'export const now = [Date.now(), setTimeout, process.env];', rule: null },

  { file: 'src/engine/a.ts', code: "console.log('x');", rule: 'eslint(no-console)' },
  { file: 'src/engine/a.ts', code: 'export const any: any = 1;', rule: 'typescript(no-explicit-any)' },
  {
    file: 'src/redis/typed.ts',
    code: 'export async function forget(): Promise<void> { Promise.resolve(1); }',
    rule: 'typescript(no-floating-promises)',
  },
  {
    file: 'src/redis/typed.ts',
    code: "export function some(x: 'a' | 'b'): void { switch (x) { case 'a': break; } }",
    rule: 'typescript(switch-exhaustiveness-check)',
  },
  {
    file: 'src/redis/typed.ts',
    code: 'export const each = (all: number[]) => all.forEach(async (n) => { await Promise.resolve(n); });',
    rule: 'typescript(no-misused-promises)',
  },
  {
    file: 'src/redis/cycle-a.ts',
    code: "import { b } from './cycle-b.ts'; export const a = () => b;",
    rule: 'import(no-cycle)',
  },
  {
    file: 'src/redis/cycle-b.ts',
    code: "import { a } from './cycle-a.ts'; export const b = () => a;",
    rule: 'import(no-cycle)',
  },
];

/** Everything that is written into the copy: one case a line, each name only once a file. */
const written = new Map<string, string[]>();

/** Returns the place of the new line, as `file:line`. */
function write(file: string, code: string): string {
  const text = written.get(file) ?? [];
  text.push(code);
  written.set(file, text);
  return `${file}:${text.length}`;
}

function writeImports(file: string, list: string): { name: string; place: string }[] {
  const names = list.split(' ').filter((name) => name !== '');
  return names.map((name, i) => ({
    name,
    place: write(file, `import { p as p${i}_${written.get(file)?.length ?? 0} } from '${name}';`),
  }));
}

const writtenRooms = rooms.map(({ file, may, mayNot }) => ({
  file,
  may: writeImports(file, may),
  mayNot: writeImports(file, mayNot),
}));
const writtenLines = lines.map((line) => ({ ...line, place: write(line.file, line.code) }));

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

/** `file:line` → the rules that bit there. */
const bites = new Map<string, string[]>();

beforeAll(() => {
  for (const [file, text] of written) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), `${text.join('\n')}\n`);
  }
  for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json', 'scripts/lint']) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

  const lint = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['--type-aware', '-f', 'json', 'src', 'test'], {
    cwd: copy,
    encoding: 'utf8',
  });
  const { diagnostics } = JSON.parse(lint.stdout) as { diagnostics: readonly Diagnostic[] };
  for (const found of diagnostics) {
    const place = `${found.filename}:${found.labels[0]?.span.line}`;
    bites.set(place, [...(bites.get(place) ?? []), found.code]);
  }
});

afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
});

function bitesAt(place: string): readonly string[] {
  return bites.get(place) ?? [];
}

describe('what a room may import', () => {
  test.each(writtenRooms)('$file', ({ may, mayNot }) => {
    const refused = [...may, ...mayNot].filter(({ place }) => bitesAt(place).includes(IMPORTS));
    expect(refused.map(({ name }) => name)).toEqual(mayNot.map(({ name }) => name));
  });
});

describe('what a line may say', () => {
  for (const { file, code, rule, place } of writtenLines) {
    test(`${rule ?? 'allowed'}: ${file}: ${code}`, () => {
      if (rule === null) expect(bitesAt(place).filter((found) => WALLS.includes(found))).toEqual([]);
      else expect(bitesAt(place)).toContain(rule);
    });
  }
});
