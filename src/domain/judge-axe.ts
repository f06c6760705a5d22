/** Judges a click on "Shut down the old servers", the one thing that can be done to a finished migration. Part of click.ts; pure. */
import { axeable, isAxing } from './axe.ts';
import { type Case, type ClickVerdict, OLD_COPY, tooOld } from './click-verdict.ts';
import { plural } from './words.ts';

export function judgeAxe({ click, state, sight, policy, rights, refuse }: Case): ClickVerdict {
  const { event, seq } = click;
  if (!rights.approve.ok) return refuse(rights.approve.why);
  if (state.phase !== 'finished') return refuse('The old servers can be shut down once the migration is finished.');
  if (event.entry !== null && event.entry !== state.entry) return refuse(OLD_COPY);
  if (isAxing(state)) return refuse('The old servers are being shut down already.');
  const { length } = axeable(state, sight);
  if (length === 0) return refuse('No old server is left that could be shut down.');
  const old = tooOld(click, sight.wallNow, policy);
  if (old !== null) return refuse(old);
  if (event.typedName?.trim() !== state.plan.name) return refuse('Use the form: it takes the name of the migration.');
  return {
    accepted: true,
    rows: [{ kind: 'axe_asked', user: event.user, click: seq }],
    text: `Shuts down ${plural(length, 'old server')}, each one if nobody is connected to it.`,
  };
}
