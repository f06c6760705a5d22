/** ALLOWED_HOSTS for names that only a CIDR can allow: every address that the name resolves to has to be inside. */
import type { AllowedHosts } from '../domain/allowed-hosts.ts';
import type { DraftProblem } from '../domain/draft.ts';
import { addressOf } from '../domain/endpoint.ts';
import type { Plan } from '../domain/plan.ts';

/** All addresses of a host; rejects when it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export async function checkHosts(
  plan: Plan,
  allowed: AllowedHosts,
  resolve: Resolve,
): Promise<readonly DraftProblem[]> {
  const answers = new Map<string, Promise<string | null>>();
  const ask = (host: string) => {
    const known = answers.get(host) ?? problemOf(host, allowed, resolve);
    answers.set(host, known);
    return known;
  };
  const checks = plan.shards.flatMap(({ source, destination }) => [
    { field: 'sources' as const, endpoint: source },
    { field: 'destinations' as const, endpoint: destination },
  ]);
  const results = await Promise.all(
    checks.map(async ({ field, endpoint }) => {
      const problem = await ask(endpoint.host);
      return problem === null ? [] : [{ field, text: `${addressOf(endpoint)} ${problem}` }];
    }),
  );
  return results.flat();
}

async function problemOf(host: string, allowed: AllowedHosts, resolve: Resolve): Promise<string | null> {
  if (allowed.allowsName(host)) return null;
  let addresses: readonly string[];
  try {
    addresses = await resolve(host);
  } catch {
    return 'is not in ALLOWED_HOSTS by its name, and no name server knows it, so its addresses cannot be compared.';
  }
  if (allowed.allowsAddresses(addresses)) return null;
  return 'is outside ALLOWED_HOSTS. Ask whoever runs the bot to allow this host.';
}
