/** What slack-blocks-to-jsx draws: every block that nobody can click. */
import { type ComponentProps, type ReactNode, useLayoutEffect, useMemo, useRef } from 'react';
import { Message } from 'slack-blocks-to-jsx';
import type { JsonObject } from '../json.ts';
import { slackDate } from '../time.ts';
import { useWorkspace } from '../workspace.tsx';
import { prepared } from './prepared.ts';

type LibraryBlocks = ComponentProps<typeof Message>['blocks'];

export function Drawn({ block }: { readonly block: JsonObject }) {
  const { state, me, theme } = useWorkspace();
  const holder = useRef<HTMLDivElement>(null);
  const { people, channels } = state;
  const names = useMemo(
    () => ({
      users: people.map(({ id, name }) => ({ id, name })),
      channels: channels.map(({ id, name }) => ({ id, name })),
    }),
    [people, channels],
  );
  const hooks = useMemo(() => hooksFor(me.id), [me.id]);
  const blocks = useMemo(() => [prepared(block)] as unknown as LibraryBlocks, [block]);

  // The library gives every message the same id; a document may have an id only once.
  useLayoutEffect(() => {
    holder.current?.querySelector('#slack_blocks_to_jsx')?.removeAttribute('id');
    for (const link of holder.current?.querySelectorAll('a') ?? []) tame(link);
  });

  // The state comes ten times a second; a block that says the same is not parsed again.
  const drawn = useMemo(
    () => <Message blocks={blocks} data={names} hooks={hooks} logo="" name="" theme={theme} withoutWrapper />,
    [blocks, names, hooks, theme],
  );
  return (
    <div className="drawn" ref={holder}>
      {drawn}
    </div>
  );
}

/** A link leaves this page where it is, and is one only where it leads to a page or a mailbox. */
function tame(link: HTMLAnchorElement): void {
  if (!/^(https?:\/\/|mailto:)/i.test(link.getAttribute('href') ?? '')) link.removeAttribute('href');
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
}

function hooksFor(me: string): NonNullable<ComponentProps<typeof Message>['hooks']> {
  return {
    user: ({ id, name }): ReactNode => (
      <span className={id === me ? 'mention mention-me' : 'mention'}>@{name === '' ? id : name}</span>
    ),
    // The library takes `:6379:` for an emoji too, and shows one that it does not know with two colons on each side.
    emoji: (data, parse): ReactNode => {
      const drawn = parse(data);
      return drawn.startsWith('::') ? `:${data.name}:` : drawn;
    },
    date: ({ timestamp, format, fallback }): ReactNode => {
      const at = new Date(Number(timestamp) * 1000);
      const words = slackDate(timestamp, format);
      if (words === null) return fallback;
      return (
        <time dateTime={at.toISOString()} title={at.toLocaleString()}>
          {words}
        </time>
      );
    },
  };
}
