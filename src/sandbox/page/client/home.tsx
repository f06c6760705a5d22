/** The bot's Home tab, as the acting person sees it. */
import { useEffect } from 'react';
import { Avatar } from './avatar.tsx';
import { Blocks } from './blocks/blocks.tsx';
import { Fields } from './fields/fields.tsx';
import { personOf, useWorkspace } from './workspace.tsx';

export function Home() {
  const { act, me, state } = useWorkspace();
  const home = state.homes.find((one) => one.user === me.id);
  const bot = personOf(state, state.botUser);
  useEffect(() => {
    void act({ kind: 'open_home', user: me.id });
  }, [act, me.id]);

  return (
    <section aria-label="Home of the app" className="pane home">
      <header className="pane-head">
        <Avatar person={bot} size="small" />
        <h1>{bot.name}</h1>
        <span className="app-badge">APP</span>
        <p>Home</p>
      </header>
      <div className="scroll" tabIndex={-1}>
        <div className="home-inside">
          {home === undefined || home.blocks.length === 0 ? (
            <p className="empty">The bot has not drawn this tab yet.</p>
          ) : (
            <Fields at={{ viewId: home.viewId }} blocks={home.blocks} channel="" key={home.viewId}>
              <Blocks blocks={home.blocks} />
            </Fields>
          )}
        </div>
      </div>
    </section>
  );
}
