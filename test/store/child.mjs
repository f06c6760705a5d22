// Another process with a store open, for the tests of kill -9. `node child.mjs FILE append|hold`
import { createViteServer } from 'vitest/node';

const [file, mode] = process.argv.slice(2);
const vite = await createViteServer({
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
  configFile: false,
  logLevel: 'error',
});
const { openSqliteStore } = await vite.ssrLoadModule('/src/store/sqlite.ts');
const { SecretRegistry } = await vite.ssrLoadModule('/src/log.ts');
const store = openSqliteStore({ file, secrets: new SecretRegistry(), clock: { now: () => 1 } });

const row = (seq, half) => ({
  at: seq,
  actor: 'bot',
  event: { kind: 'progress', percent: seq },
  text: `${half} of ${seq}`,
  shard: null,
});
let version = store.journal('m-aaaa').length;
if (version === 0) version = store.create('m-aaaa', 'checking', [row(1, 'first'), row(2, 'second')]).length;
process.stdout.write(`${version}\n`);
async function append() {
  for (;;) {
    version = store
      .append('m-aaaa', version, 'checking', [row(version + 1, 'first'), row(version + 2, 'second')])
      .at(-1).seq;
    process.stdout.write(`${version}\n`);
    // Lets the parent's end of the pipe keep up.
    if (version % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
if (mode === 'append') await append();
// Holds the lock until it is killed.
setInterval(() => {}, 1000);
