/** What stands in the redis.conf of a server of the sandbox. Pure. */
import type { TlsAddress } from './address.ts';

export interface ServerTls extends TlsAddress {
  /** `tls-auth-clients`: whether a client has to show a certificate. */
  readonly clients: 'yes' | 'no' | 'optional';
  /** `tls-replication`: whether it speaks TLS to the server that it follows. */
  readonly replication: boolean;
}

export interface ServerSettings {
  /** Undefined: only TLS. */
  readonly port: number | undefined;
  readonly tls?: ServerTls | undefined;
  readonly dir: string;
  readonly version: readonly [number, number, number];
  readonly requirepass?: string | undefined;
  /** As they stand in redis.conf. */
  readonly config: Readonly<Record<string, string>>;
}

export function configText(settings: ServerSettings): string {
  const [major, minor] = settings.version;
  const from = (wantedMajor: number, wantedMinor: number) =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  return configLines({
    port: String(settings.port ?? 0),
    bind: '127.0.0.1',
    dir: settings.dir,
    daemonize: 'no',
    appendonly: 'no',
    // 2.4 and 2.6 take an empty `save` for an error; there a file without `save` means none.
    ...(from(2, 8) ? { save: '' } : {}),
    ...(settings.tls === undefined ? {} : tlsSettings(settings.tls)),
    ...(settings.requirepass === undefined ? {} : { requirepass: settings.requirepass }),
    ...settings.config,
  });
}

function tlsSettings(tls: ServerTls): Record<string, string> {
  return {
    'tls-port': String(tls.port),
    'tls-ca-cert-file': tls.ca,
    'tls-cert-file': tls.cert,
    'tls-key-file': tls.key,
    'tls-auth-clients': tls.clients,
    'tls-replication': tls.replication ? 'yes' : 'no',
  };
}

export function configLines(config: Readonly<Record<string, string>>): string {
  return Object.entries(config)
    .map(([name, value]) => `${name} ${needsQuotes(name, value) ? quoted(value) : value}\n`)
    .join('');
}

function needsQuotes(name: string, value: string): boolean {
  return value === '' || /^(requirepass|masterauth|dir|tls-.*-file)$/.test(name);
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
