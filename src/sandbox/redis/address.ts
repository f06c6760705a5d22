import { readFileSync } from 'node:fs';

/** How the sandbox names a server: always on loopback, the password in the clear because it was made up for this run. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly password?: string | undefined;
  /** Whoever connects to this one of its ports has to speak TLS. */
  readonly tls?: TlsAddress | undefined;
}

export interface TlsAddress extends TlsFiles {
  readonly port: number;
}

/** Paths of PEM files: whom to trust, and what to show. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** For node:tls and ioredis. */
export function readTlsFiles({ ca, cert, key }: TlsFiles): { ca: Buffer; cert: Buffer; key: Buffer } {
  return { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
}

/** Undefined for a port that speaks without TLS. */
export function tlsFilesOf(address: RedisAddress): TlsFiles | undefined {
  return address.tls?.port === address.port ? address.tls : undefined;
}
