/** The servers, a pair a shard: the old one, the link between them, the new one. */
import { useId, useState } from 'react';
import type { WorldServer } from '../../state.ts';
import { Icon } from '../icons.tsx';
import { short } from './figures.ts';
import { type Run, TroubleButton } from './trouble-button.tsx';

interface FleetProps {
  readonly servers: readonly WorldServer[];
  readonly run: Run;
}

interface Pair {
  readonly shard: number;
  readonly old: WorldServer | undefined;
  readonly fresh: WorldServer | undefined;
}

export function Fleet({ servers, run }: FleetProps) {
  const shards = [...new Set(servers.map((server) => server.shard))].toSorted((a, b) => a - b);
  const pairs = shards.map((shard): Pair => {
    const of = (side: WorldServer['side']) => servers.find((one) => one.shard === shard && one.side === side);
    return { shard, old: of('old'), fresh: of('new') };
  });
  return (
    <section aria-label="The Redis fleet" className="world-section">
      <h3>The Redis fleet</h3>
      <ul className="pairs">
        {pairs.map((pair) => (
          <PairCard key={pair.shard} pair={pair} run={run} />
        ))}
      </ul>
    </section>
  );
}

function PairCard({ pair, run }: { readonly pair: Pair; readonly run: Run }) {
  const [open, setOpen] = useState(false);
  const troubles = useId();
  const { shard, old, fresh } = pair;
  const whole = `Shard ${shard + 1}`;
  const up = [old, fresh].find((server) => server?.role === 'replica')?.link ?? fresh?.link ?? 'none';
  const isCut = fresh?.isCut === true;
  const link = isCut ? 'cut' : up;
  return (
    <li className="card pair">
      <div className="pair-head">
        <h4>{whole}</h4>
        <span className={`link link-${link}`}>{LINK_WORDS[link]}</span>
        {fresh?.isSlow === true && <span className="link link-down">new is slow</span>}
        <button
          aria-controls={troubles}
          aria-expanded={open}
          aria-label={`Make trouble for ${whole}`}
          className="make-trouble"
          onClick={() => setOpen(!open)}
          type="button"
        >
          <Icon name="bolt" size={12} /> Trouble
        </button>
      </div>
      <div className="troubles" hidden={!open} id={troubles}>
        {[old, fresh].map((server) =>
          server === undefined ? null : (
            <TroubleButton
              act={{ kind: server.running ? 'kill_server' : 'start_server', server: server.id }}
              key={server.id}
              label={`${server.running ? 'Kill' : 'Start'} the ${server.side} server of ${whole}`}
              run={run}
            >
              {server.running ? 'Kill' : 'Start'} {server.side}
            </TroubleButton>
          ),
        )}
        {fresh !== undefined && (
          <>
            <TroubleButton
              act={{ kind: isCut ? 'mend_link' : 'cut_link', server: fresh.id }}
              label={`${isCut ? 'Mend' : 'Cut'} the link of ${whole}`}
              run={run}
            >
              {isCut ? 'Mend link' : 'Cut link'}
            </TroubleButton>
            <TroubleButton
              act={{ kind: 'slow_destination', server: fresh.id }}
              disabled={fresh.isSlow}
              label={`Slow the new server of ${whole}`}
              run={run}
            >
              {fresh.isSlow ? 'Slow for 20 s' : 'Slow new'}
            </TroubleButton>
          </>
        )}
      </div>
      {old !== undefined && <ServerLine other={fresh} server={old} />}
      {fresh !== undefined && <ServerLine other={old} server={fresh} />}
    </li>
  );
}

const LINK_WORDS = { up: 'link up', down: 'link down', cut: 'link cut', none: 'no link' } as const;

function ServerLine({ server, other }: { readonly server: WorldServer; readonly other: WorldServer | undefined }) {
  const role = server.running ? (server.role ?? 'no answer') : 'stopped';
  const most = Math.max(server.keys ?? 0, other?.keys ?? 0, 1);
  const share = Math.round(((server.keys ?? 0) / most) * 100);
  return (
    <div className={`server server-${server.side}${server.running ? '' : ' server-stopped'}`}>
      <span className="side">{server.side}</span>
      <span className="address">{server.address}</span>
      <span className={`role role-${server.running ? (server.role ?? 'unknown') : 'stopped'}`}>{role}</span>
      <span className="keys">
        {short(server.keys)} <small>keys</small>
      </span>
      <span aria-hidden="true" className="fill">
        <span style={{ width: `${share}%` }} />
      </span>
      <span className="ops">
        {short(server.opsPerSecond)} <small>ops/s</small>
      </span>
    </div>
  );
}
