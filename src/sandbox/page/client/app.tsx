/** The whole page: bar, channels, the channel or the Home tab, thread, the world outside, forms over all of it. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Act, DemoState } from '../state.ts';
import { Channel } from './channel.tsx';
import { restoreFocus } from './dialog.tsx';
import { useForgetting } from './fields/fields.tsx';
import { Form } from './form/form.tsx';
import { Home } from './home.tsx';
import { type Live, send, useLive } from './live.ts';
import { usePlace } from './place.ts';
import { Sidebar } from './sidebar.tsx';
import { useTheme } from './theme.ts';
import { Thread } from './thread.tsx';
import { Toasts, useToasts } from './toasts.tsx';
import { TopBar } from './topbar.tsx';
import { useUnread } from './unread.ts';
import { useWidth } from './width.ts';
import { WorkspaceProvider } from './workspace.tsx';
import { World } from './world/world.tsx';

/** From here on thread and world have room beside each other. */
const WIDE = 1640;
/** Below it the world would leave the channel no room. */
const NARROW = 1080;

export function App() {
  const live = useLive();
  if (live.state === null) {
    return (
      <main className="starting">
        <p role="status">{live.connection === 'lost' ? "Waiting for the demo's server…" : 'Opening the workspace…'}</p>
      </main>
    );
  }
  return <Page connection={live.connection} state={live.state} />;
}

function Page({ state, connection }: { readonly state: DemoState; readonly connection: Live['connection'] }) {
  const [place, go] = usePlace();
  const [theme, turnTheme] = useTheme();
  const [toasts, addToast, dropToast] = useToasts();
  const width = useWidth();
  const people = state.people.filter(({ role }) => role !== 'bot');
  const me = people.find(({ id }) => id === place.user) ?? people.find(({ role }) => role === 'requester') ?? people[0];
  const atHome = place.channel === 'home';
  const channel = state.channels.find(({ id }) => id === place.channel) ?? state.channels[0];
  const thread = atHome ? null : place.thread;
  const worldWanted = place.world ?? width >= NARROW;
  const world = worldWanted && (thread === null || width >= WIDE);
  const opener = useRef<Element | null>(null);
  useForgetting(state.views.map((one) => one.id));
  const unread = useUnread(state, me?.id ?? '', atHome ? null : (channel?.id ?? null));

  const act = useCallback(
    async (what: Act) => {
      const { ok, trouble } = await send(what);
      if (!ok) addToast(trouble ?? 'That did not work, and nobody said why.');
      return ok;
    },
    [addToast],
  );
  const workspace = useMemo(() => (me === undefined ? null : { state, me, theme, act }), [state, me, theme, act]);
  const openThread = useCallback(
    (ts: string) => {
      opener.current = document.activeElement;
      go({ thread: ts });
    },
    [go],
  );

  function closeThread(): void {
    go({ thread: null });
    restoreFocus(opener.current);
  }

  function turnWorld(): void {
    if (!world && thread !== null && width < WIDE) go({ world: true, thread: null });
    else go({ world: !world });
  }

  useEffect(() => {
    document.title = atHome ? 'redis-migrate · Home' : `#${channel?.name ?? ''} · ${state.team}`;
  }, [atHome, channel?.name, state.team]);

  if (workspace === null || me === undefined || channel === undefined)
    return <main className="starting">This workspace has no people or no channel.</main>;
  const view = state.views.findLast((one) => one.user === me.id);
  // Behind an open form nothing can be read or clicked.
  const trouble = <Toasts onClose={dropToast} toasts={toasts} />;
  return (
    <WorkspaceProvider value={workspace}>
      <a className="skip" href="#composer" onClick={skipToComposer}>
        Skip to the message field
      </a>
      <div className="page">
        <TopBar onPerson={(user) => go({ user })} onTheme={turnTheme} onWorld={turnWorld} theme={theme} world={world} />
        <Sidebar onGo={go} shown={atHome ? 'home' : channel.id} unread={unread} />
        <main className="middle">
          <Banner botRunning={state.world.botRunning} connection={connection} />
          <div className="panes">
            {atHome ? <Home /> : <Channel channel={channel} key={channel.id} onThread={openThread} />}
            {thread !== null && <Thread channel={channel} onClose={closeThread} ts={thread} />}
          </div>
        </main>
        {world && <World onClose={() => go({ world: false })} />}
      </div>
      {view === undefined ? (
        trouble
      ) : (
        <Form channel={channel.id} key={view.id} open={view}>
          {trouble}
        </Form>
      )}
    </WorkspaceProvider>
  );
}

interface BannerProps {
  readonly connection: Live['connection'];
  readonly botRunning: boolean;
}

/** Quiet: a short gap is nothing to tell. */
function Banner({ connection, botRunning }: BannerProps) {
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (connection !== 'lost') {
      setLost(false);
      return undefined;
    }
    const timer = setTimeout(() => setLost(true), 700);
    return () => clearTimeout(timer);
  }, [connection]);
  const words = lost
    ? 'Not connected. Trying again…'
    : botRunning
      ? null
      : 'The bot is stopped: it hears nothing of what you type or click. Replication goes on without it.';
  return <div role="status">{words !== null && <p className={lost ? 'banner banner-lost' : 'banner'}>{words}</p>}</div>;
}

function skipToComposer(event: React.MouseEvent): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('.composer textarea')?.focus();
}
