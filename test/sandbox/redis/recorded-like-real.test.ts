/** A recorded server beside a real one of the same version: what nobody recorded has to be in the same words. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fleet, startFleet } from '../../../src/sandbox/redis/fleet.ts';
import { connectRaw, type RawConnection } from '../../../src/sandbox/redis/raw-connection.ts';
import { isList, RespError } from '../../../src/sandbox/redis/resp.ts';
import { NAMES } from '../../redis/support/recordings.ts';
import { otherServers } from '../../support/other-servers.ts';
import { recordedPair } from '../../support/recorded-pair.ts';

const COMMANDS = [
  'CONFIG SET no-such-setting 1',
  'CONFIG SET databases 3',
  'CONFIG SET masterauth',
  'CONFIG SET masterauth a repl-timeout 61',
  'CONFIG GET',
  'CONFIG GET no-such-setting',
  'CONFIG GET min-slaves-to-write',
  'CONFIG GET masterauth databases',
  'CONFIG GET slaveof',
  'CONFIG NOSUCH',
  'CLIENT NOSUCH x',
  'CLIENT SETNAME me',
  'CLIENT GETNAME',
  'CLIENT LIST TYPE replica',
  'CLIENT KILL 127.0.0.1:1',
  'CLIENT PAUSE 1',
  'SLAVEOF a b',
  'SLAVEOF NO ONE',
  'SYNC x',
  'PSYNC',
  'NOSUCH',
  'NOSUCH a b',
  'EXEC',
  'DISCARD',
  'SELECT 3',
  'SELECT 16',
  'AUTH x',
  'AUTH default x',
  'PING',
  'ECHO a',
  'WAIT 0 0',
  'SET a b',
  'DEL b',
];

let fleet: Fleet;
const closers: (() => unknown)[] = [];
beforeEach(async () => {
  fleet = await startFleet();
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await fleet.close();
});

async function answers(connection: RawConnection): Promise<Record<string, unknown>> {
  const said: Record<string, unknown> = {};
  for (const command of COMMANDS) {
    const reply = await connection.send(...command.split(' '));
    // The order of settings is that of a hash table.
    said[command] =
      reply instanceof RespError ? `-${reply.message}` : isList(reply) ? reply.map(String).toSorted() : reply;
  }
  return said;
}

const RECORDED = otherServers().filter(({ kind, version }) => NAMES.includes(`${kind[0]}${version}`));

describe.each(RECORDED)('a recorded $name', ({ kind, version, binary }) => {
  it('answers as the real one does', async () => {
    const pair = await recordedPair(`${kind[0]}${version}`);
    closers.push(() => pair.close());
    const [real, recorded] = await Promise.all([
      connectRaw(await fleet.server({ binary })),
      connectRaw(pair.destination),
    ]);
    closers.push(
      () => real.close(),
      () => recorded.close(),
    );
    expect(await answers(recorded)).toEqual(await answers(real));
  });
});
