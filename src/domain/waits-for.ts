/** What of all that runs waits for one person. Pure. */
import type { ActionId, ActionView, GateView, MigrationView } from './view.ts';

/** What that person may do. */
export interface May {
  readonly approve: boolean;
  /** Whether a requester's approval of their own migration counts. */
  readonly approveOwn: boolean;
}

/**
 * | kind     | meaning                                                                                      |
 * | -------- | -------------------------------------------------------------------------------------------- |
 * | gate     | it takes approvals, lacks some, and this approver has not given theirs                       |
 * | question | nothing goes on before somebody decides: what the bot asks of approvers, a no to a requester |
 * | findings | the check found errors, and this is who asked for the migration                              |
 */
export type Waiting =
  | { readonly kind: 'gate'; readonly view: MigrationView; readonly gate: GateView; readonly action: ActionView }
  | { readonly kind: 'question'; readonly view: MigrationView; readonly action: ActionView }
  | { readonly kind: 'findings'; readonly view: MigrationView; readonly action: ActionView | null };

const QUESTIONS: readonly ActionId[] = ['migration:serve_old', 'migration:resume', 'migration:tune'];

export function waitsFor(user: string, may: May, running: readonly MigrationView[]): readonly Waiting[] {
  return running.flatMap((view) => {
    const own = view.requestedBy === user;
    const errors = own && view.phase === 'planned' && view.findings.some((one) => one.level === 'error');
    const recheck = view.actions.find((one) => one.action === 'migration:recheck') ?? null;
    const found: Waiting[] = errors ? [{ kind: 'findings', view, action: recheck }] : [];
    const denied = own ? view.actions.find((one) => one.action === 'migration:ask_again') : undefined;
    if (denied) found.push({ kind: 'question', view, action: denied });
    if (!may.approve) return found;
    for (const action of view.actions) {
      if (QUESTIONS.includes(action.action)) found.push({ kind: 'question', view, action });
      const gate = view.gates.find((one) => action.action === `gate:${one.gate}`);
      const lacks = (gate?.open === true || gate?.early === true) && gate.approvals.length < gate.needed;
      const mine = gate?.approvals.some((one) => one.user === user) === true || (own && !may.approveOwn);
      if (gate && lacks && !mine) found.push({ kind: 'gate', view, gate, action });
    }
    return found;
  });
}
