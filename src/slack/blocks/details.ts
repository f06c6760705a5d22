/** All shards of one migration in a form, worst first, a page at a time. Pure. */
import type { KnownBlock, ModalView } from '@slack/types';
import { isMigrationId, type MigrationId } from '../../domain/plan.ts';
import { searchWords, shardMatches } from '../../domain/search.ts';
import type { MigrationView, ShardView } from '../../domain/view.ts';
import { name, sentence, stamp } from '../text.ts';
import { context, plain, section } from './elements.ts';
import { bytes, duration, milliseconds, percent, perSecond, rate, UNKNOWN } from './format.ts';
import {
  FIND_CHARACTERS,
  findInput,
  numberIn,
  pageOf,
  pageText,
  plainButton,
  readCarried,
  TITLE_CHARACTERS,
  textIn,
} from './looking.ts';
import { statesLine, worstFirst } from './shard-table.ts';
import { PHASE_WORDS, STATE_WORDS } from './words.ts';

export const DETAILS_FORM = 'details';
export const OPEN_SHARD = 'details:shard';
export const TURN_DETAILS = ['details:previous', 'details:next', 'details:refresh'] as const;
const SHARDS_A_PAGE = 20;

/** Which page of which list somebody looks at. */
export interface DetailsPlace {
  readonly migration: MigrationId;
  readonly page: number;
  /** What was looked for. */
  readonly words: string;
}

export function readDetailsPlace(privateMetadata: string): DetailsPlace | null {
  const carried = readCarried(privateMetadata);
  const migration = textIn(carried, 'migration');
  if (migration === null || !isMigrationId(migration)) return null;
  return { migration, page: numberIn(carried, 'page') ?? 0, words: textIn(carried, 'words') ?? '' };
}

export function detailsTitle(migration: MigrationId): string {
  return `Shards of ${migration}`;
}

/** Those that a search finds, worst first. */
export function found(view: MigrationView, words: string): readonly ShardView[] {
  const asked = searchWords(words);
  return worstFirst(asked.length === 0 ? view.shards : view.shards.filter((shard) => shardMatches(shard, asked)));
}

/** The number of a shard, when that is all that was typed; from 0. */
export function askedShard(view: MigrationView, words: string): number | null {
  const number = /^(?:shard\s+|#)?(\d{1,6})$/i.exec(words.trim())?.[1];
  const index = Number(number ?? 0) - 1;
  return index >= 0 && index < view.shards.length ? index : null;
}

export function detailsView(view: MigrationView, place: DetailsPlace): ModalView {
  const words = place.words.slice(0, FIND_CHARACTERS);
  const page = pageOf(found(view, words), place.page, SHARDS_A_PAGE);
  const carried: DetailsPlace = { migration: view.id, page: page.page, words };
  const { sign, word } = PHASE_WORDS[view.phase];
  const fresh = view.asOf === null ? 'The servers have not been looked at yet.' : `As of ${stamp(view.asOf)}.`;
  return {
    type: 'modal',
    callback_id: DETAILS_FORM,
    title: plain(detailsTitle(view.id), TITLE_CHARACTERS),
    submit: plain('Find', 24),
    close: plain('Close', 24),
    private_metadata: JSON.stringify(carried),
    blocks: [
      section(`${sign} *${name(view.name)}* is ${word}.\n${statesLine(view.shards)}`),
      findInput(
        'Find a shard',
        'Its number opens its page; a part of an address or a state lists those that have it.',
        words,
      ),
      { type: 'divider' },
      context(`${words === '' ? '' : 'Found: '}${pageText(page, 'shard')}, worst first. ${fresh}`),
      ...(page.of === 0 ? [section('No shard has that in its address or state.')] : []),
      ...page.items.map(shardBlock),
      {
        type: 'actions',
        block_id: 'turn',
        elements: [
          ...(page.page > 0 ? [plainButton('details:previous', '◀ Previous', String(page.page - 1))] : []),
          ...(page.page + 1 < page.pages ? [plainButton('details:next', 'Next ▶', String(page.page + 1))] : []),
          plainButton('details:refresh', 'Refresh', String(page.page)),
        ],
      },
    ],
  };
}

function shardBlock(shard: ShardView): KnownBlock {
  const { sign, word } = STATE_WORDS[shard.state];
  const reason = shard.reason === null ? '' : `\n${sentence(shard.reason, 240)}`;
  const where = `${name(shard.source, 70)} → ${name(shard.destination, 70)}`;
  return {
    type: 'section',
    block_id: `shard ${shard.index}`,
    text: {
      type: 'mrkdwn',
      text: `${sign} *${shard.index + 1}* ${[word, ...shardFigures(shard)].join(' · ')}\n${where}${reason}`,
    },
    accessory: plainButton(OPEN_SHARD, 'Open', String(shard.index)),
  };
}

/** What is known of it, in a few words. */
export function shardFigures(shard: ShardView): readonly string[] {
  const known = (text: string, before = '', after = '') => (text === UNKNOWN ? [] : [`${before}${text}${after}`]);
  return [
    ...known(percent(shard.percent), '', ' done'),
    ...(shard.bytesPerSecond === null || shard.bytesPerSecond < 1 ? [] : [rate(shard.bytesPerSecond)]),
    ...(shard.etaSeconds === null || shard.etaSeconds < 1 ? [] : known(duration(shard.etaSeconds), '', ' left')),
    ...known(bytes(shard.lagBytes), 'lag '),
    ...known(perSecond(shard.sourceWritesPerSecond), 'writes '),
    ...known(milliseconds(shard.pauseMs), 'pause '),
  ];
}
