/** What slack-blocks-to-jsx draws: every block that nobody can click. */
import { type ComponentProps, type ReactNode, useLayoutEffect, useMemo, useRef } from 'react';
import { Message } from 'slack-blocks-to-jsx';
import { isObject, type JsonObject } from '../json.ts';
import { slackDate } from '../time.ts';
import { useWorkspace } from '../workspace.tsx';

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
  const blocks = useMemo(() => [indented(block)] as unknown as LibraryBlocks, [block]);

  // The library gives every message the same id; a document may have an id only once.
  useLayoutEffect(() => {
    holder.current?.querySelector('#slack_blocks_to_jsx')?.removeAttribute('id');
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

function hooksFor(me: string): NonNullable<ComponentProps<typeof Message>['hooks']> {
  return {
    user: ({ id, name }): ReactNode => (
      <span className={id === me ? 'mention mention-me' : 'mention'}>@{name === '' ? id : name}</span>
    ),
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

/** Slack keeps the spaces that a line begins with; the library trims them, but not behind a space of no width. */
function indented(part: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => {
      if (key === 'text' && typeof value === 'string')
        return [key, value.replace(/^ +/gm, (spaces) => `\u200b${'\u00a0'.repeat(spaces.length)}`)];
      if (Array.isArray(value)) return [key, value.map((item: unknown) => (isObject(item) ? indented(item) : item))];
      return [key, isObject(value) ? indented(value) : value];
    }),
  );
}
