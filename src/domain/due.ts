/** When a step has to be sent, or sent again. Pure. */
import type { Step } from './state.ts';

/** How long an effect that was sent may stay unseen before it is sent again. */
const RESEND_MS = 5_000;
/** How long after a refusal the same is tried again. */
export const RETRY_MS = 10_000;

/** Whether a step has still to be sent: never sent, refused some time ago, or sent and unseen for too long. */
export function isDue(step: Step | null, wallNow: number): boolean {
  if (step === null) return true;
  if (step.seen || step.givenUp) return false;
  return Math.abs(wallNow - step.at) >= (step.outcome === 'refused' ? RETRY_MS : RESEND_MS);
}
