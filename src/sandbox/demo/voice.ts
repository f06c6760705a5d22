/** What the demo says in the terminal. Owns standard output; colours only where somebody looks at them. */
import { ANA, BEN, EVE } from '../slack/index.ts';
import { type Look, paint } from '../terminal.ts';

const WIDTH = 76;

export class Voice {
  readonly look: Look;
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void, colours: boolean) {
    this.#write = write;
    this.look = {
      names: new Map([
        [ANA, 'Ana'],
        [BEN, 'Ben'],
        [EVE, 'Eve'],
      ]),
      colours,
    };
  }

  say(text = ''): void {
    this.#write(`${text}\n`);
  }

  stage(title: string): void {
    const rest = '─'.repeat(Math.max(4, WIDTH - title.length));
    this.say(`\n${this.#paint(`── ${title} `, '36')}${this.#paint(rest, '36')}`);
  }

  acts(who: string, what: string): void {
    this.say(`\n${this.#paint(who, '35')}  ${what}`);
  }

  quote(lines: readonly string[]): void {
    this.say();
    for (const line of lines) this.say(`  ${this.#paint('│', '36')} ${line}`);
  }

  thread(line: string): void {
    this.say(`  ${this.#paint('thread', '2')}  ${line}`);
  }

  verdict(before: string, figure: string, good: boolean): void {
    this.say(`  ${before}, ${this.#paint(figure, good ? '1;32' : '1;31')}`);
  }

  #paint(text: string, code: string): string {
    return paint(text, code, this.look);
  }
}
