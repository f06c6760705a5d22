/** The password that a cut-over locks a server with below 6.0. Never written down: it is computed anew when needed. */
import { createHmac } from 'node:crypto';
import type { Endpoint } from '../../domain/endpoint.ts';
import type { Side } from '../../domain/event.ts';
import type { MigrationState } from '../../domain/state.ts';
import type { ConnectionDeps } from '../../redis/connection.ts';

/** 43 characters, of the server's own password, the migration and the shard. Throws when that password is not to be had. */
export function lockPassword(
  endpoint: Endpoint,
  place: { readonly id: string; readonly shard: number; readonly side: Side },
  { passwords, registry }: Pick<ConnectionDeps, 'passwords' | 'registry'>,
): string {
  const own = endpoint.password ? passwords.resolve(endpoint.password).reveal() : '';
  const text = `fence ${place.id} ${place.shard} ${place.side}`;
  const password = createHmac('sha256', own).update(text).digest('base64url');
  registry.add(password);
  return password;
}

/** For ConnectionDeps.alsoTry: of servers that a cut-over of this migration has locked, or was about to. */
export function lockTried(deps: Pick<ConnectionDeps, 'passwords' | 'registry'>, state: () => MigrationState) {
  return (endpoint: Endpoint): string | undefined => {
    const { plan, ledger } = state();
    for (const side of ['source', 'destination'] as const) {
      const shard = plan.shards.findIndex((one) => one[side] === endpoint);
      if (shard < 0) continue;
      const locked = ledger.some((one) => one.shard === shard && one.side === side && one.name === 'requirepass');
      return locked ? lockPassword(endpoint, { id: plan.id, shard, side }, deps) : undefined;
    }
    return undefined;
  };
}
