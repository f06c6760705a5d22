/** What nobody sees in Slack: the servers, the application that writes to them, and buttons that make trouble. */
import { useEffect, useRef } from 'react';
import type { Act, WorldServer, World as WorldState } from '../../state.ts';
import { Icon } from '../icons.tsx';
import { useWorkspace } from '../workspace.tsx';
import { Application } from './application.tsx';
import { whole } from './figures.ts';
import { Fleet } from './fleet.tsx';
import { TroubleButton } from './trouble-button.tsx';

/** An old server that writes have left: behind its fence, or following the new one. */
function refusesWrites({ side, role }: WorldServer): boolean {
  return side === 'old' && (role === 'fenced' || role === 'replica');
}

export function World({ onClose }: { readonly onClose: () => void }) {
  const { act, state } = useWorkspace();
  const { world } = state;
  const run = (what: Act) => act(what);
  const list = useRef<HTMLDivElement>(null);
  const counted = world.verified !== null;
  // The number that all of it was for comes last, and stands first.
  useEffect(() => {
    if (counted) list.current?.scrollTo({ top: 0 });
  }, [counted]);
  return (
    <aside aria-label="The world outside Slack" className="world">
      <header className="pane-head">
        <Icon name="globe" />
        <h2>The world outside Slack</h2>
        <button aria-label="Close the world outside Slack" className="pane-close" onClick={onClose} type="button">
          <Icon name="close" />
        </button>
      </header>
      <div className="world-scroll" ref={list}>
        <Verified world={world} />
        <div className="bot-line">
          <span className={`dot ${world.botRunning ? 'dot-good' : 'dot-bad'}`} />
          <span>{world.botRunning ? 'The bot is running' : 'The bot is stopped'}</span>
          <TroubleButton act={{ kind: world.botRunning ? 'stop_bot' : 'start_bot' }} run={run}>
            {world.botRunning ? 'Stop the bot' : 'Start the bot'}
          </TroubleButton>
        </div>
        <div className="bot-line">
          <span className={`dot ${world.deploymentsFrozen ? 'dot-bad' : 'dot-good'}`} />
          <span>{world.deploymentsFrozen ? 'Deployments are frozen' : 'Deployments are allowed'}</span>
          <TroubleButton
            act={{ kind: world.deploymentsFrozen ? 'allow_deployments' : 'freeze_deployments' }}
            label={world.deploymentsFrozen ? 'Allow deployments' : 'Freeze deployments'}
            run={run}
          >
            {world.deploymentsFrozen ? 'Allow' : 'Freeze'}
          </TroubleButton>
        </div>
        <Application
          application={world.application}
          due={world.servers.some(refusesWrites)}
          ended={counted}
          run={run}
        />
        <Fleet run={run} servers={world.servers} />
      </div>
    </aside>
  );
}

function Verified({ world }: { readonly world: WorldState }) {
  if (world.verified === null) return null;
  const { acknowledged, missing } = world.verified;
  const good = missing === 0;
  return (
    <section aria-label="The count at the end" className={`verified ${good ? 'verified-good' : 'verified-bad'}`}>
      <Icon name={good ? 'check' : 'alert'} size={22} />
      <p>
        <strong>{whole(missing)}</strong> acknowledged {missing === 1 ? 'write is' : 'writes are'} missing
        <span>All {whole(acknowledged)} were looked up on the servers that the application ended on.</span>
      </p>
    </section>
  );
}
