/** The small pieces that all our blocks are made of. Pure. */
import type {
  Button,
  ContextBlock,
  HeaderBlock,
  KnownBlock,
  ModalView,
  PlainTextElement,
  SectionBlock,
} from '@slack/types';
import { isMigrationId, type MigrationId } from '../../domain/plan.ts';
import { ACTION_IDS, type ActionId, type ActionView } from '../../domain/view.ts';
import { fit, sentence } from '../text.ts';
import { BUTTON_WORDS } from './words.ts';

const SECTION_LIMIT = 2900;

/** `text` is escaped already. */
export function section(text: string): SectionBlock {
  return { type: 'section', text: { type: 'mrkdwn', text: text.length <= SECTION_LIMIT ? text : cutMarkup(text) } };
}

export function context(text: string): ContextBlock {
  return {
    type: 'context',
    elements: [{ type: 'mrkdwn', text: text.length <= SECTION_LIMIT ? text : cutMarkup(text) }],
  };
}

export function header(text: string): HeaderBlock {
  return { type: 'header', text: plain(text, 150) };
}

/** Escapes `text` itself; what was escaped before would be shown with its entities. */
export function plain(text: string, limit: number): PlainTextElement {
  return { type: 'plain_text', text: fit(text, limit), emoji: false };
}

/** A form that only says something; it can be closed. `text` is escaped already. */
export function noticeForm(text: string, title = 'Redis Migrate', close = 'Close'): ModalView {
  return { type: 'modal', title: plain(title, 24), close: plain(close, 24), blocks: [section(text)] };
}

/** As many lines as fit, then how many are left out. Lines are escaped already. */
export function lines(all: readonly string[], limit: number, what = 'more'): string {
  const kept: string[] = [];
  let length = 0;
  for (const [place, line] of all.entries()) {
    const rest = all.length - place;
    if (length + line.length + 1 > limit - (rest > 1 ? 24 : 0)) {
      kept.push(`… and ${rest} ${what}`);
      break;
    }
    kept.push(line);
    length += line.length + 1;
  }
  return kept.join('\n');
}

/** The button's value: which migration, and the engine's own opaque value. */
export function buttonValue(migration: MigrationId, value: string): string {
  return `${migration} ${value}`;
}

export function readButtonValue(value: string): { migration: MigrationId; value: string } | null {
  const space = value.indexOf(' ');
  const migration = space < 0 ? value : value.slice(0, space);
  return isMigrationId(migration) ? { migration, value: space < 0 ? '' : value.slice(space + 1) } : null;
}

export function isActionId(text: string): text is ActionId {
  return (ACTION_IDS as readonly string[]).includes(text);
}

export function button(migration: MigrationId, action: ActionView): Button {
  const words = BUTTON_WORDS[action.action];
  const label = action.label ?? words.label;
  // A gate by another name is one that is approved for later: nothing happens at this click.
  const later = action.action.startsWith('gate:') && action.label !== undefined;
  return {
    type: 'button',
    action_id: action.action,
    text: plain(action.ask === 'form' ? `${label}…` : label, 75),
    value: buttonValue(migration, action.value),
    ...(words.style === null ? {} : { style: words.style }),
    ...(action.ask === 'confirm'
      ? {
          confirm: {
            title: plain(later ? `${label}?` : words.title, 100),
            text: { type: 'mrkdwn', text: sentence(action.consequence === '' ? words.title : action.consequence, 300) },
            confirm: plain(later ? 'Approve' : words.yes, 30),
            deny: plain('Not now', 30),
            ...(words.style === 'danger' ? { style: 'danger' as const } : {}),
          },
        }
      : {}),
  };
}

export function actions(migration: MigrationId, views: readonly ActionView[]): KnownBlock[] {
  if (views.length === 0) return [];
  return [{ type: 'actions', block_id: 'actions', elements: views.map((view) => button(migration, view)) }];
}

/** Characters of text in blocks, as Slack's limit for a message counts them. */
export function textLength(part: unknown): number {
  if (Array.isArray(part)) return part.reduce((sum: number, item) => sum + textLength(item), 0);
  if (part === null || typeof part !== 'object') return 0;
  let sum = 0;
  for (const [key, value] of Object.entries(part)) {
    if (typeof value === 'string') sum += key === 'text' || key === 'caption' || key === 'alt_text' ? value.length : 0;
    else sum += textLength(value);
  }
  return sum;
}

/** The same blocks with no text of a section or a context longer than `limit`. */
export function cutTexts(blocks: readonly KnownBlock[], limit: number): KnownBlock[] {
  return blocks.map((block): KnownBlock => {
    if (block.type === 'section' && block.text !== undefined && block.text.text.length > limit)
      return { ...block, text: { ...block.text, text: cutMarkup(block.text.text, limit) } };
    if (block.type !== 'context') return block;
    const elements = block.elements.map((element) =>
      'text' in element && element.text.length > limit ? { ...element, text: cutMarkup(element.text, limit) } : element,
    );
    return { ...block, elements };
  });
}

/** Cuts text that is escaped already, not inside an entity or a `<…>` mark. */
function cutMarkup(text: string, limit = SECTION_LIMIT): string {
  let cut = text.slice(0, limit - 1);
  const open = Math.max(cut.lastIndexOf('<'), cut.lastIndexOf('&'));
  if (open >= 0 && !/[>;]/.test(cut.slice(open))) cut = cut.slice(0, open);
  return `${cut.trimEnd()}…`;
}
