/** The application: what it writes, where it writes to, what was refused. */
import type { WorldApplication } from '../../state.ts';
import { Icon } from '../icons.tsx';
import { short, whole } from './figures.ts';
import { Sparkline } from './sparkline.tsx';
import { type Run, TroubleButton } from './trouble-button.tsx';

interface ApplicationProps {
  readonly application: readonly WorldApplication[];
  /** The old servers refuse writes: it is time to point it elsewhere. */
  readonly due: boolean;
  /** Its writes were looked up: it writes no more. */
  readonly ended: boolean;
  readonly run: Run;
}

/** What fits into `.instances`; where there are more, the keyboard has to reach the list to scroll it. */
const MOST_SHOWN = 8;

export function Application({ application, due, ended, run }: ApplicationProps) {
  const sum = (of: (one: WorldApplication) => number) => application.reduce((total, one) => total + of(one), 0);
  const speed = sum((one) => one.acknowledgedPerSecond);
  const refused = sum((one) => one.refused);
  const old = application.filter((one) => one.pointsAt === 'old').length;
  return (
    <section aria-label="The application" className="world-section">
      <h3>The application</h3>
      <div className="card application">
        <dl className="figures">
          <div>
            <dt>acknowledged a second</dt>
            <dd>{whole(speed)}</dd>
          </div>
          <div>
            <dt>in all</dt>
            <dd>{short(sum((one) => one.acknowledged))}</dd>
          </div>
          <div className={refused > 0 ? 'figure-bad' : ''}>
            <dt>refused</dt>
            <dd>{short(refused)}</dd>
          </div>
        </dl>
        <Sparkline acknowledgedPerSecond={speed} refused={refused} />
        <ul aria-label="Instances" className="instances" {...(application.length > MOST_SHOWN ? { tabIndex: 0 } : {})}>
          {application.map((one) => (
            <li className={`instance instance-${one.pointsAt}`} key={one.shard}>
              <span>
                Instance {one.shard + 1} <span aria-hidden="true">→</span> <b>{one.pointsAt}</b>
              </span>
              <span>{ended ? 'ended' : `${whole(one.acknowledgedPerSecond)}/s`}</span>
              {one.refused > 0 && <span className="refused">{short(one.refused)} refused</span>}
              {due && one.pointsAt === 'old' && (
                <TroubleButton
                  act={{ kind: 'point_application', shard: one.shard }}
                  label={`Point instance ${one.shard + 1} at its new server`}
                  run={run}
                >
                  → new
                </TroubleButton>
              )}
            </li>
          ))}
        </ul>
        <div className="card-foot">
          <TroubleButton act={{ kind: 'point_application', shard: null }} disabled={old === 0} primary={due} run={run}>
            {old === 0 ? 'Pointed at the new servers' : 'Point the application at the new servers'}
          </TroubleButton>
          <TroubleButton act={{ kind: 'flood_writes' }} disabled={ended} run={run}>
            <Icon name="bolt" size={12} /> {ended ? 'The application has ended' : 'Flood writes'}
          </TroubleButton>
        </div>
      </div>
    </section>
  );
}
