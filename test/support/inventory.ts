import { readFileSync } from 'node:fs';
import { systemClock } from '../../src/clock.ts';
import { parseAllowedHosts } from '../../src/domain/allowed-hosts.ts';
import { Secret } from '../../src/domain/secret.ts';
import { type Inventory, parseInventory } from '../../src/inventory.ts';
import { SecretRegistry } from '../../src/log.ts';
import { createPasswordVault } from '../../src/passwords.ts';

export const readText = (path: string) => readFileSync(path, 'utf8');

/** Groups as they would stand in the file. Passwords from the environment and from files. Throws with the sentences. */
export function inventoryOf(groups: Readonly<Record<string, readonly unknown[]>>): Inventory {
  const allowed = parseAllowedHosts('127.0.0.1,localhost');
  if (!allowed.ok) throw new Error('unreachable');
  const vault = createPasswordVault({
    botToken: new Secret('xoxb-for-the-engine-tests'),
    env: process.env,
    readFile: readText,
    secrets: new SecretRegistry(),
    clock: systemClock,
  });
  // JSON is YAML too.
  const parsed = parseInventory(JSON.stringify({ groups }), { allowed: allowed.allowed, vault });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.inventory;
}
