/** What Slack says of whoever clicked, of whoever asked, and of those who have approved so far. */
import type { Rights } from '../domain/click.ts';
import type { MigrationState } from '../domain/state.ts';
import type { Authorizer } from './service.ts';

/** Never rejects. Somebody about whom Slack does not tell now still counts: they were asked about when they clicked. */
export async function rightsOf(user: string, state: MigrationState, authorizer: Authorizer): Promise<Rights> {
  const { requestedBy } = state.plan;
  const [request, approve, asker, lost] = await Promise.all([
    authorizer.mayRequest(user),
    authorizer.mayApprove(user),
    user === requestedBy ? null : authorizer.mayApprove(requestedBy),
    lostOf(state, authorizer, user),
  ]);
  const person = approve.person ?? request.person;
  const requester = user === requestedBy ? person : asker?.person;
  return {
    request,
    approve,
    ...(person === undefined ? {} : { person }),
    ...(requester === undefined ? {} : { requester }),
    lost,
  };
}

/** Of those who have approved in this phase: the ones who may not any more. `except`: is asked about anyhow. Never rejects. */
export async function lostOf(
  state: MigrationState,
  authorizer: Authorizer,
  except: string | null = null,
): Promise<ReadonlySet<string>> {
  const given = state.approvals.filter((one) => one.void === null && one.entry === state.entry);
  const others = [...new Set(given.map((one) => one.user))].filter((one) => one !== except);
  const standing = await Promise.all(others.map((one) => authorizer.mayApprove(one)));
  const lost = others.filter((_, place) => {
    const one = standing[place];
    return one?.ok === false && one.unsure !== true;
  });
  return new Set(lost);
}
