/** A failure of ours is told while it lasts, and not a moment longer. */
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { SecretRegistry } from '../../src/log.ts';
import { until } from '../../src/sandbox/redis/wait.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { toStreaming } from '../support/move-stage.ts';
import { withHook } from '../support/store-hook.ts';

const PLACES = [
  'after:started',
  'after:pause',
  'after:fence',
  'after:promote',
  'after:concluded',
  'after:follow-back',
] as const;

test('a full disk that has room again is not spoken of in the cut-over that follows', { timeout: 60_000 }, async () => {
  let full = false;
  const plain = openSqliteStore({ file: ':memory:', secrets: new SecretRegistry(), clock: systemClock });
  const store = withHook(plain, (row) => {
    if (full && JSON.stringify(row).includes('cutover_started')) throw new Error('database or disk is full');
  });
  const said = new Map<string, string>();
  const stage = await toStreaming({ store });
  onTestFinished(() => stage.close().then(() => store.close()));
  for (const place of PLACES)
    stage.once(place, () => {
      said.set(place, `${stage.view().phase}: ${stage.view().waitingFor}`);
    });
  full = true;
  await stage.press('gate:switch');
  await until(() => /could not go on/.test(stage.view().waitingFor ?? ''), { within: 20_000 });
  full = false;
  await stage.harness.phase(stage.id, 'switched');
  await until(() => said.has('after:follow-back'), { within: 20_000 });
  expect([...said.keys()]).toEqual(PLACES);
  for (const one of said.values()) expect(one).not.toContain('could not go on');
});
