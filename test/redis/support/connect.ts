import { readFileSync } from 'node:fs';
import { systemClock } from '../../../src/clock.ts';
import type { Endpoint } from '../../../src/domain/endpoint.ts';
import { type PasswordRef, type Passwords, Secret } from '../../../src/domain/secret.ts';
import { SecretRegistry } from '../../../src/log.ts';
import type { ConnectionDeps } from '../../../src/redis/connection.ts';
import { createInspector, type Inspector } from '../../../src/redis/inspector.ts';
import { createOperator, type Operator } from '../../../src/redis/operator.ts';
import type { RedisAddress } from '../../../src/sandbox/redis/address.ts';

/** `env` references are the password itself here. */
const passwords: Passwords = {
  resolve(ref: PasswordRef) {
    if (ref.kind === 'env') return new Secret(ref.name);
    throw new Error('The file /run/secrets/orders cannot be read.');
  },
  seal: () => 'box',
  open: () => new Secret(''),
  readPem: (path) => readFileSync(path, 'utf8'),
};

export function depsOf(...secrets: readonly string[]): ConnectionDeps {
  const registry = new SecretRegistry();
  for (const secret of secrets) registry.add(secret);
  return { passwords, registry };
}

export function endpointOf(address: RedisAddress, more: Partial<Endpoint> = {}): Endpoint {
  const { host, port, password } = address;
  const ref = password === undefined ? {} : { password: { kind: 'env', name: password } as const };
  return { host, port, tls: false, ...ref, ...more };
}

const open: { close(): void }[] = [];

export function inspect(endpoint: Endpoint): Inspector {
  const inspector = createInspector(endpoint, systemClock, depsOf());
  open.push(inspector);
  return inspector;
}

export function operate(endpoint: Endpoint): Operator {
  const operator = createOperator(endpoint, depsOf());
  open.push(operator);
  return operator;
}

/** For afterEach: what a test opened and did not close. */
export function closeAll(): void {
  for (const one of open.splice(0)) one.close();
}
