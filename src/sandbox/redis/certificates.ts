/**
 * A certificate authority for one test or demo: writes PEM files into a folder that the caller owns and removes. Made by
 * hand from DER, because Node signs certificates' contents but doesn't make them, and neither openssl nor a package is
 * worth needing for that. ECDSA with P-256 and SHA-256, X.509 version 3 (RFC 5280).
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { bitString, context, integer, octets, oid, sequence, set, TRUE, time, utf8 } from './der.ts';

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const LOOPBACK = ['localhost', '127.0.0.1'];

/** Paths of PEM files. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** Host names and IPv4 addresses that it is good for; localhost and 127.0.0.1 when left out. */
  readonly hosts?: readonly string[];
  /** A server's is a client's as well when left out: a replica shows its own to its master. */
  readonly usage?: 'server' | 'client' | 'both';
  /** From yesterday for a year when left out. */
  readonly validFrom?: Date;
  readonly validTo?: Date;
}

export interface CertificateAuthority {
  /** Path of its own certificate: whoever has this trusts all that it issues. */
  readonly ca: string;
  /** Writes `<name>.crt` and `<name>.key`. */
  issue(name: string, options?: IssueOptions): Promise<IssuedCertificate>;
}

interface Signer {
  readonly name: string;
  readonly key: KeyObject;
  readonly keyId: Buffer;
}

/** Writes `<name>.crt`; its key stays in memory, so nothing can be issued after this process. */
export async function createAuthority(dir: string, name = 'ca'): Promise<CertificateAuthority> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const signer: Signer = { name: `redis-migrate test ${name}`, key: privateKey, keyId: keyIdOf(publicKey) };
  const ca = join(dir, `${name}.crt`);
  const own = certificateOf(signer, signer.name, publicKey, yearFromYesterday(), [
    extension('2.5.29.19', sequence(TRUE), true),
    // keyCertSign and cRLSign.
    extension('2.5.29.15', bitString(Buffer.from([0x06]), 1), true),
  ]);
  await writeFile(ca, pem(own));
  return {
    ca,
    async issue(subject, options = {}) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
      const year = yearFromYesterday();
      const validity = { from: options.validFrom ?? year.from, to: options.validTo ?? year.to };
      const der = certificateOf(signer, subject, pair.publicKey, validity, extensionsOf(options));
      const files = { cert: join(dir, `${subject}.crt`), key: join(dir, `${subject}.key`) };
      await writeFile(files.cert, pem(der));
      await writeFile(files.key, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
      return files;
    },
  };
}

interface Validity {
  readonly from: Date;
  readonly to: Date;
}

function yearFromYesterday(): Validity {
  const from = Date.now() - DAY_MS;
  return { from: new Date(from), to: new Date(from + 366 * DAY_MS) };
}

function certificateOf(
  signer: Signer,
  subject: string,
  key: KeyObject,
  validity: Validity,
  extensions: readonly Buffer[],
): Buffer {
  const serial = randomBytes(16);
  const contents = sequence(
    context(0, integer(Buffer.from([2]))),
    integer(serial),
    ECDSA_WITH_SHA256,
    nameOf(signer.name),
    sequence(time(validity.from), time(validity.to)),
    nameOf(subject),
    key.export({ type: 'spki', format: 'der' }),
    context(
      3,
      sequence(
        ...extensions,
        extension('2.5.29.14', octets(keyIdOf(key))),
        extension('2.5.29.35', sequence(context(0, signer.keyId, false))),
      ),
    ),
  );
  return sequence(contents, ECDSA_WITH_SHA256, bitString(sign('sha256', contents, signer.key)));
}

function extensionsOf({ hosts = LOOPBACK, usage = 'both' }: IssueOptions): Buffer[] {
  const server = oid('1.3.6.1.5.5.7.3.1');
  const client = oid('1.3.6.1.5.5.7.3.2');
  const usages = { server: [server], client: [client], both: [server, client] }[usage];
  const names = hosts.map((host) =>
    isIP(host) === 4
      ? context(7, Buffer.from(host.split('.').map(Number)), false)
      : context(2, Buffer.from(host, 'ascii'), false),
  );
  return [
    extension('2.5.29.19', sequence(), true),
    // digitalSignature.
    extension('2.5.29.15', bitString(Buffer.from([0x80]), 7), true),
    extension('2.5.29.37', sequence(...usages)),
    extension('2.5.29.17', sequence(...names)),
  ];
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [TRUE] : []), octets(value));
}

/** One common name. */
function nameOf(text: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), utf8(text))));
}

function keyIdOf(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
