import { describe, expect, it } from 'vitest';
import { COMMAND, complete, migrationsIn, SUBCOMMANDS } from '../../src/sandbox/page/client/commands.ts';
import { parseCommand } from '../../src/slack/parse-command.ts';
import { PLANNED } from './support/stories.ts';
import { EMPTY } from './support/workspace.ts';

const known = { servers: EMPTY.world.servers, migrations: ['m-7k3q', 'm-2abc'] };
const labels = (text: string) => complete(text, known).map((one) => one.label);

describe('completion in the message field', () => {
  it('finishes the command itself and leaves ordinary words alone', () => {
    expect(labels('/re')).toEqual([COMMAND]);
    expect(labels('hello')).toEqual([]);
    expect(labels('/remind me')).toEqual([]);
  });

  it('offers only what the bot understands', () => {
    expect(labels(`${COMMAND} `)).toEqual(SUBCOMMANDS.map((one) => one.word));
    expect(labels(`${COMMAND} st`)).toEqual(['start', 'status']);
    for (const { word } of SUBCOMMANDS) {
      const parsed = parseCommand(word);
      const problems = parsed.kind === 'refused' ? parsed.problems.join(' ') : '';
      expect(problems, word).not.toMatch(/no command|later version|Did you mean/);
    }
  });

  it('fills in the whole fleet so that the bot accepts it', () => {
    const [whole] = complete(`${COMMAND} start `, known);
    const parsed = parseCommand(whole?.text.slice(COMMAND.length) ?? '');
    expect(parsed).toMatchObject({ kind: 'start', request: { name: 'orders' } });
    expect(whole?.text).toContain('--src 127.0.0.1:6401 127.0.0.1:6402');
  });

  it('knows flags that are not there yet, ids, gates and topics', () => {
    expect(labels(`${COMMAND} start --src a --dst b --`)).toContain('--yes-wipe');
    expect(labels(`${COMMAND} start --name x --dst b --`)).not.toContain('--name');
    expect(labels(`${COMMAND} status m-7`)).toEqual(['m-7k3q']);
    expect(labels(`${COMMAND} approve m-7k3q s`)).toEqual(['switch']);
    expect(labels(`${COMMAND} help pass`)).toEqual(['passwords']);
  });

  it('has the ids from what the bot said', () => {
    expect(migrationsIn(PLANNED)).toEqual(['m-7k3q']);
  });
});
