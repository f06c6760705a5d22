/**
 * An engine of the built bot in a process of its own, that kills itself right before or right after a row of the journal
 * is written, or at a named place of a cut-over. Arguments: state file, migration id, `before` or `after`, kind of the
 * row, its step or phase, or what it is about: the kind of its effect, or the webhook; or `at`, the place, and the phase
 * that the cut-over runs in. In the environment: CHILD, JSON with another `policy`, a clock that is `aheadMs`, whether to
 * `abort` instead of approving the switch, whether to `rollback` instead of approving the finish, the `signal` that it
 * sends itself: SIGKILL unless something else is said, `hook`: `url` and `secret` of a receiver, the `typedName`, and
 * `axe`: whether to shut down the old servers in the end.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../dist/clock.js';
import { parseAllowedHosts } from '../../dist/domain/allowed-hosts.js';
import { Secret } from '../../dist/domain/secret.js';
import { Engine } from '../../dist/engine/engine.js';
import { createHooks } from '../../dist/hooks.js';
import { emptyInventory } from '../../dist/inventory.js';
import { noLog, noMetrics, SecretRegistry } from '../../dist/log.js';
import { createPasswordVault } from '../../dist/passwords.js';
import { openSqliteStore } from '../../dist/store/sqlite.js';

const [file, id, when, kind, detail] = process.argv.slice(2);
const {
  policy = {},
  aheadMs = 0,
  abort = false,
  rollback = false,
  signal = 'SIGKILL',
  hook = null,
  axe = false,
  typedName = null,
} = JSON.parse(process.env.CHILD ?? '{}');
const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
const registry = new SecretRegistry();
const store = openSqliteStore({ file, secrets: registry, clock: systemClock });
let died = false;
function die() {
  if (died) return;
  died = true;
  // Whoever stops us wants to know when.
  writeSync(1, 'here\n');
  process.kill(process.pid, signal);
}
const effects = new Map(store.journal(id).map(({ seq, event }) => [seq, event.effect?.kind]));
const isIt = (rows) =>
  rows.some(({ event }) => {
    const about = event.effect?.kind ?? effects.get(event.intent);
    return (
      event.kind === kind && [undefined, event.step, event.phase, event.hook, event.action, about].includes(detail)
    );
  });
const append = store.append.bind(store);
store.append = (migration, version, phase, rows) => {
  const hit = when !== 'at' && isIt(rows);
  if (hit && when === 'before') die();
  const stored = append(migration, version, phase, rows);
  if (hit) die();
  for (const { seq, event } of stored) effects.set(seq, event.effect?.kind);
  return stored;
};

const { allowed } = parseAllowedHosts('127.0.0.1');
const yes = async () => ({ ok: true });
const engine = new Engine({
  clock,
  store,
  registry,
  passwords: createPasswordVault({
    botToken: new Secret('xoxb-for-the-engine-tests'),
    env: {},
    readFile: () => '',
    secrets: registry,
    clock: systemClock,
  }),
  policy: {
    approvals: { continue: 1, switch: 1, finish: 1 },
    selfApproval: true,
    approvalTtlMs: 3_600_000,
    quietMs: 1_500,
    maxLagBytes: 1_048_576,
    maxPauseMs: 2_000,
    syncsPerHost: 8,
    syncsTotal: 8,
    tuneSyncs: true,
    maxSourceLatencyMs: 1_000,
    maxSourceMemoryPercent: 90,
    ...policy,
  },
  groups: () => emptyInventory,
  allowedHosts: allowed,
  allowTypedPasswords: false,
  defaultCutover: 'fenced',
  authorizer: { mayRequest: yes, mayApprove: yes },
  hooks: hook && createHooks({ url: hook.url, secret: new Secret(hook.secret), clock: systemClock, log: noLog }),
  resolve: async () => ['127.0.0.1'],
  log: noLog,
  metrics: noMetrics,
  at: (place) => {
    if (when === 'at' && place === kind && engine.view(id).phase === detail) die();
  },
});
engine.start();
const next = {
  planned: 'gate:continue',
  streaming: abort ? 'migration:abort' : 'gate:switch',
  switched: rollback ? 'migration:rollback' : 'gate:finish',
  finished: axe ? 'migration:axe' : undefined,
};
async function approve() {
  const view = engine.view(id);
  const action = next[view.phase];
  if (!view.actions.some((one) => one.action === action)) return;
  const ticket = engine.click({
    migration: id,
    action,
    user: 'U00000BEN',
    value: null,
    typedName: axe ? view.name : typedName,
  });
  await engine.settleClick(ticket);
}

setInterval(() => void approve(), 50);
