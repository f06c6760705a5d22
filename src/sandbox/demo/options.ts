/** What can be said behind `npm run demo --`. Pure. */
import { parseArgs } from 'node:util';
import { CUTOVERS, type Cutover } from '../../domain/plan.ts';

export interface DemoOptions {
  readonly shards: number;
  /** A shard. */
  readonly keys: number;
  /** Writes a second, over all shards. */
  readonly traffic: number;
  readonly cutover: Cutover;
  readonly auto: boolean;
}

export type Read =
  | { readonly kind: 'options'; readonly options: DemoOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly sentence: string };

export const USAGE = `npm run demo -- [--shards N] [--keys N] [--traffic N] [--cutover fenced|overlap] [--auto]
  --shards   old servers, and as many new ones; default 3, at most 50
  --keys     keys on each old server; default 20000
  --traffic  writes a second by the application, over all shards; default 600
  --cutover  fenced (default) or overlap
  --auto     plays the whole story by itself, tells it here, and ends; exit code 0 when no acknowledged write is missing
`;

const SHAPE = {
  shards: { type: 'string', default: '3' },
  keys: { type: 'string', default: '20000' },
  traffic: { type: 'string', default: '600' },
  cutover: { type: 'string', default: 'fenced' },
  auto: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const LIMITS = { shards: [1, 50], keys: [0, 1_000_000], traffic: [1, 20_000] } as const;

export function readOptions(args: readonly string[]): Read {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return { kind: 'wrong', sentence: sentenceOf(error) };
  }
  if (values.help) return { kind: 'help', text: USAGE };
  for (const name of ['shards', 'keys', 'traffic'] as const) {
    const [least, most] = LIMITS[name];
    const value = values[name];
    if (!/^\d+$/.test(value) || Number(value) < least || Number(value) > most) {
      const limits = `${least} to ${most.toLocaleString('en')}`;
      return { kind: 'wrong', sentence: `--${name} has to be a number from ${limits}, not “${value}”.` };
    }
  }
  const cutover = CUTOVERS.find((one) => one === values.cutover);
  if (cutover === undefined)
    return { kind: 'wrong', sentence: `--cutover has to be ${CUTOVERS.join(' or ')}, not “${values.cutover}”.` };
  const { shards, keys, traffic, auto } = values;
  const options = { shards: Number(shards), keys: Number(keys), traffic: Number(traffic), cutover, auto };
  return { kind: 'options', options };
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: SHAPE, strict: true }).values;
}

/** Node's own words are right, but long. */
function sentenceOf(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const name = /'(?:-\w, )?([^'\s]+)/.exec(said)?.[1] ?? '';
  const known = Object.keys(SHAPE)
    .map((one) => `--${one}`)
    .join(', ');
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `There is no option ${name}. There are: ${known}.`;
  if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') return `“${name}” belongs to no option. There are: ${known}.`;
  // One code for both: a value that is missing, and one that doesn't belong there.
  return /does not take an argument/.test(said) ? `${name} takes no value.` : `${name} needs a value behind it.`;
}
