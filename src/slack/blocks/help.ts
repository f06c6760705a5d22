/** Help, in a page for each command and each topic. Pure. */
import type { Answer } from './answers.ts';
import { context, header, section } from './elements.ts';
import { ALSO, COMMAND_PAGES, HELP_INTRO, HELP_TITLE, type HelpPage, TOPIC_PAGES } from './help-words.ts';
import { COMMAND } from './words.ts';

const PAGES: Readonly<Record<string, HelpPage>> = { ...COMMAND_PAGES, ...TOPIC_PAGES };

export const HELP_TOPICS = Object.keys(PAGES);
/** All that a page is found by. */
export const HELP_NAMES = [...HELP_TOPICS, ...Object.keys(ALSO)];

/** `topic` null: the list of all pages. `near`: the one that was probably meant. */
export function helpAnswer(topic: string | null, near: string | null = null): Answer {
  const asked = topic?.replace(/^-+/, '') ?? '';
  const known = Object.hasOwn(ALSO, asked) ? (ALSO[asked] ?? asked) : asked;
  const page = Object.hasOwn(PAGES, known) ? PAGES[known] : undefined;
  return page === undefined ? contents(topic === null ? '' : missed(near)) : pageAnswer(known, page);
}

function pageAnswer(topic: string, page: HelpPage): Answer {
  const usage = page.usage === undefined ? [] : [`*Written:* \`${COMMAND} ${page.usage}\``];
  const example = page.example === undefined ? [] : [`*Example:* \`${COMMAND} ${page.example}\``];
  const text = [...usage, ...example, ...page.text].join('\n');
  return {
    text: `Help on ${topic}: ${text}`,
    blocks: [header(`Help: ${topic}`), section(text), context(`\`${COMMAND} help\` lists all pages.`)],
  };
}

function contents(first: string): Answer {
  const list = (pages: Readonly<Record<string, HelpPage>>, word: string) =>
    Object.entries(pages)
      .map(([topic, { about }]) => `• \`${COMMAND} ${word}${topic}\` ${about}`)
      .join('\n');
  const commands = `${first}${HELP_INTRO}\n${list(COMMAND_PAGES, '')}`;
  const topics = `*More to read*\n${list(TOPIC_PAGES, 'help ')}`;
  const how = `How a word is used, with an example: \`${COMMAND} help start\`, and so for each of them.`;
  return {
    text: `${commands}\n${topics}\n${how}`,
    blocks: [header(HELP_TITLE), section(commands), section(topics), context(how)],
  };
}

function missed(near: string | null): string {
  return `There is no help on that.${near === null ? '' : ` Did you mean \`${COMMAND} help ${near}\`?`}\n`;
}
