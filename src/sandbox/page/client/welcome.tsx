/** The beginning of the channel: what this is, and three steps to see it work. */
import { COMMAND, fleetCommand } from './commands.ts';
import { useWorkspace } from './workspace.tsx';

interface WelcomeProps {
  readonly channel: { readonly id: string; readonly name: string };
  readonly fresh: boolean;
  readonly onOffer: (text: string) => void;
}

export function Welcome({ channel, fresh, onOffer }: WelcomeProps) {
  const { act, me, state } = useWorkspace();
  const whole = fleetCommand('start', state.world.servers);
  return (
    <div className="welcome">
      <h2>Welcome to #{channel.name}</h2>
      <p>
        This workspace, its people and a fleet of real Redis servers run on this machine only. On the right is what
        nobody sees in Slack: the servers, and the application that writes to them all the while.
      </p>
      {fresh && (
        <ol className="steps">
          <li>
            <b>Ask for a migration</b>
            <span>
              Type <code>{COMMAND}</code>, or let it be typed for you.
            </span>
            <div className="step-buttons">
              {whole !== null && (
                <button className="button button-primary" onClick={() => onOffer(whole)} type="button">
                  Fill in the whole fleet
                </button>
              )}
              <button
                className="button button-plain"
                onClick={() => void act({ kind: 'command', user: me.id, channel: channel.id, text: '' })}
                type="button"
              >
                Open the form
              </button>
            </div>
          </li>
          <li>
            <b>Approve it as somebody else</b>
            <span>Choose who you are at the top. Ben may approve, Eve may not.</span>
          </li>
          <li>
            <b>Make trouble</b>
            <span>Kill a server, cut a link, stop the bot: at the end the lost writes are counted.</span>
          </li>
        </ol>
      )}
    </div>
  );
}
