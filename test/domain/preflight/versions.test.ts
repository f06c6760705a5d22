/** What is said of two versions that meet; which may meet is in test/domain/pairing.test.ts. */
import { describe, expect, it } from 'vitest';
import { codes, findings } from './support.ts';

const redis = (version: string) => ({ facts: { kind: 'redis', version } as const });
const valkey = (version: string) => ({ facts: { kind: 'valkey', version } as const });

describe('the two versions', () => {
  it.each(['2.4.18', '2.6.17'])('%s → 6.0.4 looks up and is not: migrate to 5.0 first', (version) => {
    for (const destination of [redis('6.0.4'), redis('7.0.15'), valkey('8.0.1')]) {
      const [first] = findings(redis(version), destination);
      expect(first).toMatchObject({
        level: 'error',
        code: 'inline_protocol',
        fix: expect.stringMatching(/5\.0 first/),
      });
      expect(first?.text).toMatch(/look as if it followed/);
    }
    expect(codes(findings(redis(version), redis('5.0.14')))).toEqual([]);
    expect(codes(findings(redis(version), redis('6.0.3')))).toEqual([]);
  });

  it('Redis from 7.4 on and Valkey have gone apart', () => {
    const [first] = findings(redis('7.4.1'), valkey('8.0.1'));
    expect(first).toMatchObject({ level: 'error', code: 'formats_differ' });
    expect(first?.fix).toBe('Use a destination that runs Redis 7.4.1 or later.');
    expect(codes(findings(redis('8.0.2'), valkey('9.1.2')))).toEqual(['error formats_differ']);
    const [back] = findings(valkey('9.1.2'), redis('8.0.2'));
    expect(back).toMatchObject({ code: 'formats_differ', fix: 'Use a destination that runs Valkey 9.1.2 or later.' });
    expect(back?.text).toMatch(/hashes whose fields expire/);
    expect(findings(valkey('9.1.2'), valkey('8.0.1'))[0]?.text).toMatch(/hashes whose fields expire/);
    expect(codes(findings(redis('7.2.4'), valkey('7.2.5')))).toEqual([]);
    expect(codes(findings(valkey('8.0.1'), redis('7.2.4')))).toEqual(['warning other_family']);
  });

  it('an older Redis is a step back for Valkey 8 too, and both ways out are told', () => {
    const [first] = findings(valkey('8.0.1'), redis('7.0.15'));
    expect(first).toMatchObject({ level: 'error', code: 'newer_to_older' });
    expect(first?.fix).toBe('Use a destination that runs Valkey 8.0.1 or later, or Redis 7.2 or later.');
  });

  it('a source without a password is switched with proof, whatever its version', () => {
    for (const version of ['2.4.18', '2.6.17', '2.8.24', '5.0.14'])
      expect(codes(findings({ ...redis(version), probe: { asksPassword: false } }, redis('5.0.14')))).toEqual([]);
    expect(codes(findings(redis('6.0.16'), redis('7.0.15')))).toEqual([]);
  });

  it.each([
    ['2.4.18', 'warning switch_unproven', /taken from a queue .* may be lost/],
    ['2.6.17', 'warning switch_unproven', /taken from a queue .* may be lost/],
    ['2.8.24', 'note switch_cuts_clients', /refused for 40 ms .* cut off/],
    ['3.2.13', 'note switch_cuts_clients', /parked for up to 400 ms and cut off/],
    ['5.0.14', 'note switch_cuts_clients', /parked for up to 400 ms and cut off/],
  ])('%s with a password: %s', (version, code, text) => {
    const found = findings({ ...redis(version), probe: { asksPassword: true } }, redis('5.0.14'));
    expect(codes(found)).toEqual([code]);
    expect(found[0]?.text).toMatch(text);
  });

  it('an append-only file of an old destination may end it', () => {
    const aof = { settings: { appendonly: 'yes' } };
    expect(codes(findings(redis('3.2.13'), { ...redis('3.2.13'), ...aof }))).toContain('note destination_append_only');
    expect(codes(findings(redis('3.2.13'), { ...redis('4.0.14'), ...aof }))).not.toContain(
      'note destination_append_only',
    );
  });
});
