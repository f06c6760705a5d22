import { describe, expect, it } from 'vitest';
import { canLoad, isAtLeast, isOlderRelease, rdbVersion, versionParts } from '../../src/domain/compatibility.ts';
import type { ServerKind } from '../../src/domain/observation.ts';

describe('which server can load which snapshot', () => {
  const server = (name: string) => {
    const kind: ServerKind = name.startsWith('Valkey') ? 'valkey' : 'redis';
    return { kind, version: name.replace(/^Valkey /, '') };
  };

  // Pairs that were tried on real servers.
  it.each([
    ['2.8.24', 'Valkey 9.1.2', true],
    ['2.6.17', '5.0.14', true],
    ['5.0.14', '8.0.2', true],
    ['7.0.15', 'Valkey 9.1.2', true],
    ['Valkey 8.0.1', 'Valkey 9.1.2', true],
    ['7.0.15', '7.0.15', true],
    ['7.4.1', '7.0.15', false],
    ['7.0.15', '6.0.16', false],
    ['4.0.14', '3.2.13', false],
    ['7.4.1', 'Valkey 8.0.1', false],
    ['8.0.2', 'Valkey 9.1.2', false],
    // From the sources of the servers.
    ['Valkey 8.0.1', '7.2.4', true],
    ['Valkey 8.0.1', '7.0.15', false],
    ['Valkey 9.1.2', '8.0.2', false],
    ['Valkey 9.1.2', 'Valkey 8.0.1', false],
    ['7.2.4', 'Valkey 7.2.5', true],
    ['6.2.16', 'Valkey 8.0.1', true],
    ['6.2.16', '7.0.15', true],
    ['8.6.0', '8.4.0', false],
    ['8.0.2', '8.6.0', true],
  ])('%s → %s: %s', (source, destination, loads) => {
    expect(canLoad(server(source), server(destination))).toBe(loads);
  });

  it.each([
    ['6.0.16', '6.2.16', true],
    ['6.2.1', '6.2.16', false],
    ['7.4.1', '8.4.0', true],
    ['8.0.2', '7.4.1', false],
    ['Valkey 8.0.1', 'Valkey 8.1.0', true],
    ['Valkey 8.0.1', '8.4.0', false],
    ['7.2.4', 'Valkey 8.0.1', false],
  ])('%s is of an older release than %s: %s', (one, other, older) => {
    expect(isOlderRelease(server(one), server(other))).toBe(older);
  });

  it.each([
    ['2.2.0', 1],
    ['2.4.18', 2],
    ['3.0.7', 6],
    ['6.2.16', 9],
    ['7.0.0', 10],
    ['7.2.4', 11],
    ['8.4.0', 12],
    ['99.0.0', 13],
    ['Valkey 8.1.0', 11],
    ['Valkey 9.0.3', 80],
    ['Valkey 9.2.0', 81],
  ])('%s writes format %i', (name, format) => {
    const { kind, version } = server(name);
    expect(rdbVersion(kind, version)).toBe(format);
  });

  it('reads versions that are no plain numbers', () => {
    expect(versionParts('6.0-rc1')).toEqual([6, 0, 0]);
    expect(versionParts('7.0.15')).toEqual([7, 0, 15]);
    expect(versionParts('')).toEqual([0, 0, 0]);
    expect(versionParts('x.y.z')).toEqual([0, 0, 0]);
    expect([isAtLeast('6.2.0', 6, 2), isAtLeast('10.0', 6, 2), isAtLeast('6.1.9', 6, 2)]).toEqual([true, true, false]);
  });
});
