import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { Secret } from '../src/domain/secret.ts';
import { SecretRegistry } from '../src/log.ts';
import {
  createPasswordVault,
  PasswordUnavailableError,
  type PasswordVault,
  type VaultRooms,
} from '../src/passwords.ts';

function vault(rooms: Partial<VaultRooms> = {}): PasswordVault {
  return createPasswordVault({
    botToken: new Secret('xoxb-one'),
    env: {},
    readFile: () => {
      throw Object.assign(new Error('planted content'), { code: 'EACCES' });
    },
    secrets: new SecretRegistry(),
    clock: systemClock,
    ...rooms,
  });
}

function refusal(work: () => unknown): PasswordUnavailableError {
  try {
    work();
  } catch (error) {
    if (error instanceof PasswordUnavailableError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('looking a password up', () => {
  it('finds it in the environment, at the moment of use', () => {
    const env: Record<string, string> = { ORDERS: 'first-planted' };
    const passwords = vault({ env });
    expect(passwords.resolve({ kind: 'env', name: 'ORDERS' }).reveal()).toBe('first-planted');
    env['ORDERS'] = 'second-planted';
    expect(passwords.resolve({ kind: 'env', name: 'ORDERS' }).reveal()).toBe('second-planted');
  });

  it.each([
    ['plain', 'plain'],
    ['line\n', 'line'],
    ['line\r\n', 'line'],
    ['two\n\n', 'two\n'],
    [' spaces ', ' spaces '],
  ])('reads it from a file and takes one line end off: %j', (content, password) => {
    expect(
      vault({ readFile: () => content })
        .resolve({ kind: 'file', path: '/run/secrets/a' })
        .reveal(),
    ).toBe(password);
  });

  it('says which variable or file is missing', () => {
    expect(refusal(() => vault().resolve({ kind: 'env', name: 'ORDERS' })).message).toMatch(
      /environment variable ORDERS is not set/,
    );
    expect(refusal(() => vault({ env: { ORDERS: '' } }).resolve({ kind: 'env', name: 'ORDERS' })).from).toBe('env');
    const unreadable = refusal(() => vault().resolve({ kind: 'file', path: '/run/secrets/a' }));
    expect(unreadable.message).toMatch(/password file \/run\/secrets\/a cannot be read \(EACCES\)/);
    expect(inspect(unreadable)).not.toContain('planted');
    expect(refusal(() => vault({ readFile: () => '\n' }).resolve({ kind: 'file', path: '/f' })).message).toMatch(
      /\/f is empty/,
    );
  });

  it('makes every password known to the registry before anybody can print it', () => {
    const secrets = new SecretRegistry();
    const passwords = vault({ secrets, env: { A: 'env-planted' }, readFile: () => 'file-planted' });
    passwords.resolve({ kind: 'env', name: 'A' });
    passwords.resolve({ kind: 'file', path: '/f' });
    passwords.seal(new Secret('typed-planted'));
    expect(secrets.scrub('env-planted file-planted typed-planted')).not.toContain('planted');

    const box = vault().seal(new Secret('sealed-planted'));
    passwords.resolve({ kind: 'sealed', box });
    expect(secrets.scrub('sealed-planted')).not.toContain('planted');
  });
});

describe('sealing', () => {
  it('gives every password back, also after a restart with the same token', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        const box = vault().seal(new Secret(text));
        expect(box).toMatch(/^v1:[A-Za-z0-9+/]+=*$/);
        expect(vault().open(box).reveal()).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it('never makes the same box twice, and shows nothing of the password in it', () => {
    const boxes = new Set(Array.from({ length: 20 }, () => vault().seal(new Secret('typed-planted'))));
    expect(boxes.size).toBe(20);
    for (const box of boxes)
      expect(box + Buffer.from(box.slice(3), 'base64').toString('latin1')).not.toContain('planted');
  });

  it('says what to do when the token was changed', () => {
    const box = vault().seal(new Secret('typed-planted'));
    const error = refusal(() => vault({ botToken: new Secret('xoxb-two') }).open(box));
    expect(error.message).toMatch(/SLACK_BOT_TOKEN was changed.*Start the bot with the SLACK_BOT_TOKEN of that time/);
    expect(inspect(error)).not.toMatch(/planted|xoxb-/);
  });

  it('refuses a box in which any bit was changed, and what is no box', () => {
    const box = vault().seal(new Secret('typed-planted'));
    const bytes = Buffer.from(box.slice(3), 'base64');
    for (let place = 0; place < bytes.length; place++) {
      const harmed = Buffer.from(bytes);
      harmed[place] = (harmed[place] ?? 0) ^ 1;
      refusal(() => vault().open(`v1:${harmed.toString('base64')}`));
    }
    for (const text of [
      '',
      'v1:',
      'v2:abc',
      'v1:AAAA',
      bytes.toString('base64'),
      `v1:${bytes.subarray(0, 30).toString('base64')}`,
    ]) {
      expect(refusal(() => vault().resolve({ kind: 'sealed', box: text })).from).toBe('sealed');
    }
  });
});
