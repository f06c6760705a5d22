/** What our user may do, and how the destination gets at its source: users, TLS, the address. */
import { can, serverName } from '../dialect.ts';
import { addressOf, followAddress } from '../endpoint.ts';
import { canFollowBack } from '../pairing.ts';
import { type Add, factsOf, on, type Seen, type Subject } from './rule.ts';
import type { Denied } from './sight.ts';

export function judgeRights({ plan, source, destination }: Subject, add: Add): void {
  for (const seen of [source, destination]) {
    const { settingsProblem, denied } = seen.probe;
    if (settingsProblem !== null) {
      add('error', `${seen.side}_no_config`, settingsProblem, 'Let our user run CONFIG GET and CONFIG SET on it.');
    }
    for (const one of denied) {
      // A whole command that is hidden is told once, by what could not be read.
      if (settingsProblem !== null && one.command.startsWith('CONFIG')) continue;
      const code = `${seen.side}_no_${one.command.toLowerCase().replace(' ', '_')}`;
      const back = seen === destination && ONLY_BACK.includes(one.command);
      if (back && !hasWayBack(source, destination)) continue;
      const level = one.command === 'CLIENT LIST' || back ? 'warning' : 'error';
      const purpose = back
        ? 'for the way back: without it the old servers cannot take the writes again'
        : purposeOf(one.command, plan.cutover === 'overlap');
      const text =
        one.why === 'hidden'
          ? `${seen.name} does not know ${one.command}, which is needed ${purpose}: it is renamed, or a managed service hides it.`
          : `${seen.name} does not let our user run ${one.command}, which is needed ${purpose}.`;
      add(level, code, text, fixFor(seen, one, plan.cutover === 'overlap'));
    }
  }
}

/** What a destination needs only to be left again. */
const ONLY_BACK: readonly string[] = ['CLIENT PAUSE', 'PSYNC', 'REPLCONF', 'ACL LIST', 'ACL SETUSER'];

function hasWayBack(source: Seen, destination: Seen): boolean {
  const [old, fresh] = [factsOf(source), factsOf(destination)];
  return old !== null && fresh !== null && canFollowBack(old, fresh);
}
/** All that it takes to make a user, to remove it, and to see that it is gone. */
const ACL_RIGHTS = 'acl|setuser +acl|deluser +acl|getuser';

function purposeOf(command: string, overlap: boolean): string {
  switch (command) {
    case 'SLAVEOF':
      return 'to make a server follow another, and to fence the old one';
    case 'CONFIG SET':
      return 'to let the new server log in, and to put settings back';
    case 'CLIENT PAUSE':
    case 'ACL LIST':
      return 'to stop writes for the switch';
    case 'ACL SETUSER':
      return overlap
        ? 'for the guard of an overlap: a user as which the new server may resume and no more'
        : 'to stop writes for the switch';
    case 'GET':
      return 'to see that the last write has arrived: a key of the bot’s own (redis-migrate:*)';
    case 'CLIENT LIST':
      return 'to see who is still connected after the switch, and below 2.8 what has not been sent yet';
    default:
      return 'by the new server, which logs in as that user to replicate';
  }
}

function fixFor(seen: Seen, { command, why }: Denied, overlap: boolean): string {
  if (why === 'hidden') {
    const name = command.split(' ')[0];
    return `If ${name} is renamed, put its name into the inventory; if a managed service hides it, this server cannot be part of a migration by replication.`;
  }
  if (command === 'GET') return on(seen, `ACL SETUSER ${seen.endpoint.user ?? 'default'} +get +del ~redis-migrate:*`);
  const right = command === 'ACL SETUSER' && overlap ? ACL_RIGHTS : command.toLowerCase().replace(' ', '|');
  return on(seen, `ACL SETUSER ${seen.endpoint.user ?? 'default'} +${right}`);
}

export function judgeLogin({ source, destination }: Subject, add: Add): void {
  const to = factsOf(destination);
  const { user, password } = source.endpoint;
  if (to && password !== undefined && !can(to, 'forgets_login')) {
    const text = `${destination.name} (${serverName(to)}) has to be given the password of its source and cannot forget it again: afterwards it keeps an empty one, with which it can follow no server without a password until it is restarted.`;
    add('note', 'destination_keeps_login', text, null);
  }
  if (!to || user === undefined || can(to, 'acl')) return;
  const text = `${source.name} is entered with the user ${user}, and ${destination.name} (${serverName(to)}) can log in with a password only: users came with Redis 6.0.`;
  const fix = `Give ${source.name} without a user, with the password of its default user, or use a destination from 6.0 on.`;
  add('error', 'destination_without_users', text, fix);
}

export function judgeTls({ source, destination }: Subject, add: Add): void {
  const to = factsOf(destination);
  const leader = followAddress(source.endpoint);
  if (!to || !leader.tls) return;
  const { settings } = destination.probe;
  const over = `${destination.name} is to follow ${addressOf(leader)} over TLS`;
  // Not told by a server that hides its settings, or loads: it has a finding of its own.
  if (can(to, 'tls') && !settings.has('tls-replication')) return;
  if (!can(to, 'tls') || settings.get('tls-replication') === null) {
    const why = can(to, 'tls') ? 'was built without TLS' : 'is older than TLS, which came with Redis 6.0';
    const text = `${over}, and ${serverName(to)} there ${why}.`;
    const fix = `Use a destination with TLS, or give ${source.name} an address without TLS (replicate-from in the inventory).`;
    add('error', 'destination_without_tls', text, fix);
    return;
  }
  if (!settings.get('tls-ca-cert-file') && !settings.get('tls-ca-cert-dir')) {
    const text = `${over}, and trusts nobody: tls-ca-cert-file and tls-ca-cert-dir are empty.`;
    add('error', 'destination_without_ca', text, on(destination, 'CONFIG SET tls-ca-cert-file /path/to/ca.crt'));
  }
  if (!settings.get('tls-cert-file') || !settings.get('tls-key-file')) {
    const text = `${over}, and has no certificate of its own (tls-cert-file, tls-key-file): without one it cannot open a link over TLS.`;
    const fix = on(destination, 'CONFIG SET tls-cert-file and tls-key-file');
    add('error', 'destination_without_certificate', text, fix);
  }
}

const LOOPBACK = /^(127\.|::1$|localhost\.?$)/;

/** A loopback address means another server to the destination than to us: it would copy whatever listens there. */
export function judgeAddress({ source, destination }: Subject, add: Add): void {
  if (source.endpoint.replicateFrom !== undefined) return;
  if (!LOOPBACK.test(source.endpoint.host) || LOOPBACK.test(destination.endpoint.host)) return;
  const text = `${source.name} is an address of this machine's own, and ${destination.name} is elsewhere: it would look for its source on itself, and copy whatever answers there.`;
  const fix = `Give the source by an address that ${destination.endpoint.host} can reach, or put it into the inventory with replicate-from.`;
  add('error', 'source_loopback', text, fix);
}

export function judgeFence({ source }: Subject, add: Add): void {
  if (source.probe.settings.get('slave-read-only') !== 'no') return;
  const text = `${source.name} has replica-read-only no: the fence that keeps late writers out after the switch would not hold.`;
  add('error', 'source_stays_writable', text, 'CONFIG SET replica-read-only yes on it, then check again.');
}
