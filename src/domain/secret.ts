import { inspect } from 'node:util';

/** A value that prints as `[secret]` wherever it ends up by mistake: strings, JSON, console, template literals. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it only where the value is handed to a server or to a cipher. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/**
 * Where a password is to be found. The password itself is never part of a plan.
 * `sealed` is one that was typed in Slack: encrypted before it was first written down.
 */
export type PasswordRef =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'sealed'; readonly box: string };

/** Turns references into passwords at the moment of use. Throws an error with a sentence when one is not to be had. */
export interface Passwords {
  resolve(ref: PasswordRef): Secret;
  /** Encrypts a secret so that it may be written down. */
  seal(secret: Secret): string;
  open(box: string): Secret;
  /** The text of a file that the inventory names for TLS. A private key is known as a secret from then on. */
  readPem(path: string): string;
}
