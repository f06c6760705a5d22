/** The key `tls` of a server of the inventory: paths of PEM files, each read and looked at once. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { TlsFiles } from '../domain/endpoint.ts';
import type { PasswordVault } from '../passwords.ts';

export const TLS_KEYS: readonly string[] = ['ca', 'cert', 'key', 'servername'];

const path = (name: string) => z.string(`tls: ${name} must be the absolute path of a PEM file`);
export const TLS_SHAPE = z.strictObject(
  {
    ca: path('ca').optional(),
    cert: path('cert').optional(),
    key: path('key').optional(),
    servername: z.string('tls: servername must be text').optional(),
  },
  {
    error: (issue) => (issue.code === 'invalid_type' ? 'tls must have the keys ca, cert, key, servername' : undefined),
  },
);

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/;
const PASSPHRASE = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;
const HOST_NAME =
  /^(?=.{1,253}$)(?![\d.]+$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/i;

export function readTls(
  tls: z.infer<typeof TLS_SHAPE>,
  vault: Pick<PasswordVault, 'readPem'>,
  problems: string[],
): TlsFiles {
  const { ca, cert, key, servername } = tls;
  if ((cert === undefined) !== (key === undefined)) {
    problems.push('tls: cert and key belong together; give both or neither.');
  }
  if (servername !== undefined && !HOST_NAME.test(servername)) {
    problems.push('tls: servername must be a host name, the one in the certificate of the server.');
  }
  lookAtCertificate('ca', textOf('ca', ca, vault, problems), ca, problems);
  const certificate = lookAtCertificate('cert', textOf('cert', cert, vault, problems), cert, problems);
  lookAtKey(textOf('key', key, vault, problems), key, certificate, problems);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername: servername.toLowerCase() }),
  };
}

/** Null when there is no such key or no such file. */
function textOf(
  name: string,
  file: string | undefined,
  vault: Pick<PasswordVault, 'readPem'>,
  problems: string[],
): string | null {
  if (file === undefined) return null;
  // What is no path may be the key itself: it is not repeated.
  if (!/^\/[^\0\r\n]+$/.test(file)) {
    problems.push(`tls: ${name} must be the absolute path of a PEM file.`);
    return null;
  }
  try {
    return vault.readPem(file);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : `tls: the file of ${name} cannot be read.`);
    return null;
  }
}

function lookAtCertificate(
  name: string,
  text: string | null,
  file: string | undefined,
  problems: string[],
): X509Certificate | null {
  if (text === null) return null;
  if (!CERTIFICATE.test(text)) {
    problems.push(`tls: ${file} (${name}) holds no certificate; it must be a PEM file with BEGIN CERTIFICATE in it.`);
    return null;
  }
  try {
    return new X509Certificate(text);
  } catch {
    problems.push(`tls: ${file} (${name}) is damaged: its certificate cannot be read.`);
    return null;
  }
}

function lookAtKey(
  text: string | null,
  file: string | undefined,
  certificate: X509Certificate | null,
  problems: string[],
): void {
  if (text === null) return;
  if (PASSPHRASE.test(text)) {
    problems.push(`tls: ${file} (key) is locked with a passphrase; the bot needs one without.`);
    return;
  }
  if (!PRIVATE_KEY.test(text)) {
    problems.push(`tls: ${file} (key) holds no private key; it must be a PEM file with BEGIN PRIVATE KEY in it.`);
    return;
  }
  try {
    const key = createPrivateKey(text);
    if (certificate && !certificate.checkPrivateKey(key)) {
      problems.push(`tls: ${file} (key) is not the key of the certificate that cert names.`);
    }
  } catch {
    problems.push(`tls: ${file} (key) is damaged: its private key cannot be read.`);
  }
}
