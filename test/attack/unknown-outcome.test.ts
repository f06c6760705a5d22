/** Each command that changes a server arrives and its answer does not. */
import { test } from 'vitest';
import { fill } from '../../src/sandbox/redis/fill.ts';
import { startFleet } from '../../src/sandbox/redis/fleet.ts';
import { startTraffic } from '../../src/sandbox/redis/traffic.ts';
import { createHarness } from '../support/engine.ts';
import { startSpoiledLink } from './late-link.ts';

const CASES: readonly (readonly [string, 'source' | 'destination', RegExp, 'continue' | 'switch'])[] = [
  ['a setting of the destination', 'destination', /set\r\n\$10\r\nmasterauth/i, 'continue'],
  ['the order to follow', 'destination', /slaveof\r\n\$9\r\n127/i, 'continue'],
  ['a setting of the source', 'source', /set\r\n\$\d+\r\nrepl-ping/i, 'switch'],
  ['the pause', 'source', /pause\r\n/i, 'switch'],
  ['the fence', 'source', /slaveof\r\n\$\d+\r\n127/i, 'switch'],
  ['the promotion', 'destination', /slaveof\r\n\$2\r\nNO/i, 'switch'],
  ['the end of the pause', 'source', /unpause/i, 'switch'],
];

test.concurrent.for(CASES)(
  'no answer to %s: nothing is lost, settings are put back, one full sync',
  {
    timeout: 60_000,
  },
  async ([, side, command, gate], { expect, onTestFinished }) => {
    const fleet = await startFleet();
    const server = (config = {}) => fleet.server({ config: { 'repl-diskless-sync-delay': '0', ...config } });
    const [source, destination] = [await server(), await server({ masterauth: 'left-over' })];
    await fill(source, { keys: 300 });
    const links = { source: await startSpoiledLink(source), destination: await startSpoiledLink(destination) };
    const traffic = startTraffic({ shards: [source], ratePerSecond: 200 });
    const harness = createHarness();
    onTestFinished(async () => {
      await traffic.stop();
      await harness.close();
      await Promise.all([links.source.close(), links.destination.close()]);
      await fleet.close();
    });
    const url = (port: number) => `redis://127.0.0.1:${port}`;
    const id = await harness.start({ sources: [url(links.source.port)], destinations: [url(links.destination.port)] });
    await harness.open(id, 'continue');
    // The trial of the link, which comes before anybody approves, counts as one for Redis.
    const before = Number((await source.info('stats'))['sync_full']);
    if (gate === 'continue') links[side].cutAfter(command);
    await harness.click(id, 'gate:continue');
    await harness.open(id, 'switch');
    if (gate === 'switch') links[side].cutAfter(command);
    do {
      await harness.open(id, 'switch');
      expect(await harness.click(id, 'gate:switch')).toMatchObject({ accepted: true });
    } while ((await harness.phase(id, 'switched', 'streaming')).phase === 'streaming');
    traffic.pointAt(0, destination);
    await harness.open(id, 'finish');
    await harness.click(id, 'gate:finish');
    await harness.phase(id, 'finished');

    expect(links[side].hits).toBe(1);
    expect(await traffic.verify([destination])).toMatchObject({ missing: 0, examples: [] });
    expect(await destination.call('CONFIG', 'GET', 'masterauth')).toEqual(['masterauth', 'left-over']);
    expect(await source.call('CONFIG', 'GET', 'repl-ping-slave-period')).toEqual(['repl-ping-slave-period', '10']);
    expect(Number((await source.info('stats'))['sync_full']) - before).toBe(1);
    expect(await source.info('replication')).toMatchObject({ role: 'slave' });
  },
);
