/** A look at the servers for one person alone; nothing is started and nothing is kept of it. */
import type { Plan } from '../../domain/plan.ts';
import type { Asker } from '../answerer.ts';
import { preflightAnswer, refusal, told } from '../blocks/answers.ts';
import type { ListenerDeps } from './deps.ts';

export async function checkOnly(deps: ListenerDeps, plan: Plan, asker: Asker): Promise<void> {
  const permission = await deps.authorizer.mayRequest(plan.requestedBy);
  if (!permission.ok) return deps.answerer.tell(asker, told(permission.why));
  const hosts = await deps.service.checkHosts(plan);
  if (hosts !== null) return deps.answerer.tell(asker, refusal(hosts.problems.map((problem) => problem.text)));
  return deps.answerer.tell(asker, preflightAnswer(plan, await deps.service.check(plan)));
}
