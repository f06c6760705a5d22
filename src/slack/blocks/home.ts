/** The Home tab: what is running, and how to begin. Pure. */
import type { HomeView } from '@slack/types';
import type { MigrationView } from '../../domain/view.ts';
import { listAnswer } from './answers.ts';
import { section } from './elements.ts';
import { startButton } from './form.ts';
import { COMMAND } from './words.ts';

export function homeView(running: readonly MigrationView[]): HomeView {
  const list = listAnswer(running, 'list').blocks ?? [];
  return {
    type: 'home',
    blocks: [
      ...list,
      startButton(),
      section(`Or type \`${COMMAND}\` in a channel to begin, or \`${COMMAND} help\` to read more.`),
    ] as HomeView['blocks'],
  };
}
