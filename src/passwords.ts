/**
 * Passwords of Redis servers: turns a reference into the password at the moment of use, and seals those that were typed
 * in Slack before they are written down. Owns the sealing key. Never writes anything down itself, keeps no password
 * between two uses, and hands every one it has seen to the secret registry. When a password is not to be had it throws
 * PasswordUnavailableError, whose sentence says what to do.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Clock } from './clock.ts';
import { type PasswordRef, Secret } from './domain/secret.ts';
import type { SecretRegistry } from './log.ts';

export interface PasswordVault {
  /** The password behind a reference, looked up now. Throws PasswordUnavailableError. */
  resolve(ref: PasswordRef): Secret;
  /** Encrypts a typed password. The box is text, safe to be written down, different each time. */
  seal(secret: Secret): string;
  /** Opens a box. Throws PasswordUnavailableError when it was sealed under another SLACK_BOT_TOKEN or was changed. */
  open(box: string): Secret;
  /** A PEM file's text. Throws PasswordUnavailableError. */
  readPem(path: string): string;
}

/** The sentence names where the password should have been, never what it is. */
export class PasswordUnavailableError extends Error {
  readonly from: PasswordRef['kind'];

  constructor(from: PasswordRef['kind'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PasswordUnavailableError';
    this.from = from;
  }
}

export interface VaultRooms {
  /** SLACK_BOT_TOKEN: the sealing key is derived from it, so that the state file alone gives no password away. */
  readonly botToken: Secret;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Throws when the file can't be read. */
  readonly readFile: (path: string) => string;
  readonly secrets: SecretRegistry;
  readonly clock: Pick<Clock, 'randomBytes'>;
}

const VERSION = 'v1:';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function createPasswordVault(rooms: VaultRooms): PasswordVault {
  const { env, readFile, secrets, clock } = rooms;
  const key = new Uint8Array(hkdfSync('sha256', rooms.botToken.reveal(), '', 'redis-migrate sealed passwords v1', 32));

  function known(text: string): Secret {
    secrets.add(text);
    return new Secret(text);
  }

  function fromEnv(name: string): Secret {
    const value = env[name];
    if (value === undefined || value === '') {
      throw new PasswordUnavailableError(
        'env',
        `The environment variable ${name} is not set or empty; set it and start the bot again.`,
      );
    }
    return known(value);
  }

  function fromFile(path: string): Secret {
    const content = textOf('password', path);
    const value = content.replace(/\r?\n$/, '');
    if (value === '')
      throw new PasswordUnavailableError('file', `The password file ${path} is empty; write the password into it.`);
    return known(value);
  }

  function textOf(what: string, path: string): string {
    try {
      return readFile(path);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
      throw new PasswordUnavailableError(
        'file',
        `The ${what} file ${path} cannot be read${code}; check that it is there and that the bot may read it.`,
      );
    }
  }

  function readPem(path: string): string {
    const text = textOf('TLS', path);
    if (text.includes('PRIVATE KEY')) secrets.add(text);
    return text;
  }

  function seal(secret: Secret): string {
    secrets.add(secret.reveal());
    const nonce = clock.randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    const body = Buffer.concat([cipher.update(secret.reveal(), 'utf8'), cipher.final()]);
    return VERSION + Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
  }

  function open(box: string): Secret {
    if (!box.startsWith(VERSION)) throw cannotOpen();
    const bytes = Buffer.from(box.slice(VERSION.length), 'base64');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) throw cannotOpen();
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    let value: string;
    try {
      const body = bytes.subarray(NONCE_BYTES + TAG_BYTES);
      value = Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
    } catch (error) {
      throw cannotOpen(error);
    }
    return known(value);
  }

  return {
    resolve(ref) {
      switch (ref.kind) {
        case 'env':
          return fromEnv(ref.name);
        case 'file':
          return fromFile(ref.path);
        case 'sealed':
          return open(ref.box);
      }
    },
    seal,
    open,
    readPem,
  };
}

function cannotOpen(cause?: unknown): PasswordUnavailableError {
  return new PasswordUnavailableError(
    'sealed',
    'A password that was typed in Slack can no longer be decrypted: SLACK_BOT_TOKEN was changed or the state file was. ' +
      'Start the bot with the SLACK_BOT_TOKEN of that time. Where that is gone, the server has to be put in order by hand.',
    cause === undefined ? undefined : { cause },
  );
}
