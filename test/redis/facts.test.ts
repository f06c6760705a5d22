import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServerFacts } from '../../src/domain/observation.ts';
import { clientFrom, factsFrom } from '../../src/redis/facts.ts';
import { numberOf, offsetOf, parseClientList, parseInfo, parsePairs } from '../../src/redis/info.ts';
import { infoOf, isAtLeast, momentsOf, NAMES, recordsOf } from './support/recordings.ts';

function read(text: string): ServerFacts {
  const facts = factsFrom(parseInfo(text), false);
  noNonsense(facts, 'facts');
  return facts;
}

/** Every figure is one: finite and not below zero. */
function noNonsense(value: unknown, path: string): void {
  if (typeof value === 'number') {
    expect(Number.isFinite(value) && value >= 0, `${path} is ${value}`).toBe(true);
  } else if (typeof value === 'bigint') expect(value >= 0n, path).toBe(true);
  else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) noNonsense(item, `${path}.${key}`);
  } else expect(value, path).not.toBeUndefined();
}

it('there are recordings of thirteen servers', () => {
  expect(NAMES).toHaveLength(13);
});

describe.each(NAMES)('%s', (name) => {
  const recorded = (side: 'source' | 'destination', state: string) => read(infoOf(name, side, state));

  it('standing alone, is a master with 120,002 keys in two databases', () => {
    const facts = recorded('source', 'standalone');
    expect(facts).toMatchObject({
      kind: name.startsWith('v') ? 'valkey' : 'redis',
      version: name.slice(1),
      role: 'master',
      clusterEnabled: false,
      loading: null,
      keys: 120_002,
      snapshot: null,
      writeCalls: null,
    });
    expect(facts.runId).toMatch(/^[0-9a-f]{40}$/);
    expect(facts.usedMemoryBytes).toBeGreaterThan(1_000_000);
    expect(facts.connectedClients).toBe(2);
    expect(facts.replication).toMatchObject({
      master: null,
      linkUp: false,
      syncing: false,
      replicas: [],
      replid2: null,
    });
    expect(facts.fullSyncs).toBe(isAtLeast(name, '2.8') ? 0 : null);
    expect(facts.readonlyRefusals).toBe(isAtLeast(name, '6.2') ? 0 : null);
    if (isAtLeast(name, '4.0')) expect(facts.replication.replid).toMatch(/^[0-9a-f]{40}$/);
    else expect(facts.replication.replid).toBeNull();
  });

  it.each(momentsOf(name))('$state', ({ source, destination, said }) => {
    const from = read(source);
    const to = read(destination);
    expect(from.role).toBe('master');
    expect(from.keys).toBeGreaterThanOrEqual(120_001);
    expect(from.snapshot !== null).toBe(said['bgsave'] === '1');
    expect(from.replication.replicas.map((one) => one.state)).toEqual(said['slave'] === '-' ? [] : [said['slave']]);
    for (const replica of from.replication.replicas) {
      expect(replica.host).toBe('127.0.0.1');
      expect(replica.port).toBeGreaterThan(1_000);
    }

    expect(to.role).toBe('replica');
    expect(to.replication.master).toMatchObject({ host: '127.0.0.1' });
    expect(to.replication.master?.port).toBeGreaterThan(1_000);
    // 2.4 has no such setting: its replicas always take writes.
    expect(to.replication.readOnly).toBe(isAtLeast(name, '2.6') ? true : null);
    expect(to.replication.linkUp).toBe(said['link'] === 'up');
    expect(to.replication.syncing).toBe(said['in_progress'] === '1');
    expect(to.loading !== null).toBe(said['loading'] === '1');
    if (to.loading) expect(to.loading.percent).toBeLessThanOrEqual(100);
    if (said['link'] !== 'up') return;
    expect(to.keys).toBe(from.keys);
    expect(to.replication.linkDownSeconds).toBeNull();
    if (!isAtLeast(name, '2.8')) return;
    expect(to.replication.replicaOffset).not.toBeNull();
    expect(from.replication.masterOffset).not.toBeNull();
    if (isAtLeast(name, '4.0')) expect(to.replication.replid).toBe(from.replication.replid);
    expect(from.fullSyncs).toBe(1);
  });

  it('that lost its source says so, and for how long', () => {
    const facts = recorded('destination', 'link down');
    expect(facts).toMatchObject({ role: 'replica', loading: null });
    expect(facts.replication).toMatchObject({ linkUp: false, syncing: false });
    expect(facts.replication.master).not.toBeNull();
    expect(facts.replication.linkDownSeconds).toBeLessThan(60);
  });

  it('promoted, is a master that knows where it came from', () => {
    const facts = recorded('destination', 'promoted');
    expect(facts).toMatchObject({ role: 'master', loading: null });
    expect(facts.keys).toBeGreaterThanOrEqual(120_001);
    expect(facts.replication).toMatchObject({ master: null, linkUp: false, linkDownSeconds: null });
    if (!isAtLeast(name, '4.0')) return;
    const before = recorded('destination', 'link down');
    expect(facts.replication.replid2).toBe(before.replication.replid);
    expect(facts.replication.secondOffset).toBe((before.replication.replicaOffset ?? -1n) + 1n);
  });

  it('lists its clients: the replica, ourselves and the rest', () => {
    const lists = recordsOf(name).filter((one) => one.command === 'CLIENT LIST' && typeof one.reply === 'string');
    expect(lists.length).toBeGreaterThan(3);
    for (const { state, reply, side } of lists) {
      const lines = String(reply)
        .split('\n')
        .filter((line) => line !== '');
      const clients = parseClientList(String(reply)).map(clientFrom);
      noNonsense(clients, `${state} ${side}`);
      expect(clients).toHaveLength(lines.length);
      for (const client of clients) {
        expect(client.address).toMatch(/^127\.0\.0\.1:\d+$/);
        expect(client.lastCommand).toMatch(/^[a-z|]+$|^NULL$/);
        expect(client.user).toBe(isAtLeast(name, '6.0') ? 'default' : '');
      }
      // From 8.0 on, Redis sends the snapshot over a second connection of the same replica.
      expect(clients.filter((one) => one.isReplica).length).toBeLessThanOrEqual(name === 'r8.0.2' ? 2 : 1);
      expect(clients.some((one) => one.isMaster)).toBe(false);
      if (state.startsWith('link=up')) expect(clients.some((one) => one.isReplica)).toBe(true);
    }
  });
});

it('a link that was never up has been down for nobody knows how long', () => {
  for (const name of NAMES) {
    const [first] = momentsOf(name);
    const seconds = read(first?.destination ?? '').replication.linkDownSeconds;
    if (seconds !== null) expect(seconds, name).toBeLessThan(60);
  }
});

it('what a 2.4 has still to send is seen by the blocks of its list, which it does not tell the size of', () => {
  // As a real one said it, 38,000 keys behind a link that had stalled.
  const text = 'addr=127.0.0.1:51234 fd=9 idle=0 flags=S db=0 sub=0 psub=0 qbuf=0 obl=0 oll=2150 events=rw cmd=sync\n';
  expect(parseClientList(text).map(clientFrom)).toMatchObject([{ isReplica: true, outputBufferBytes: 16_125_000 }]);
});

describe('a writer parked by a pause', () => {
  it.each(NAMES.filter((name) => isAtLeast(name, '6.2')))('is in the list of %s', (name) => {
    const list = recordsOf(name).find((one) => one.state === 'paused' && one.command === 'CLIENT LIST');
    const clients = parseClientList(String(list?.reply)).map(clientFrom);
    expect(clients.find((one) => one.name === 'fixture')).toMatchObject({ lastCommand: 'set', isReplica: false });
  });
});

describe('a client that names itself to deceive', () => {
  const line = (name: string) =>
    `id=4 addr=10.0.0.9:5000 laddr=10.0.0.1:6379 fd=8 name=${name} age=9 idle=3 flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 watch=0 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=1024 rbp=0 obl=5 oll=0 omem=7 tot-mem=1 events=r cmd=set user=app redir=-1 resp=2 lib-name=jedis lib-ver=5.1\n`;

  it.each([
    'omem=999999',
    'cmd=get',
    'flags=S',
    'redis-migrate,flags=S',
    'addr=1.1.1.1:1',
    '=',
    'name=x',
    'öüß-😀',
    'a:b',
    "'",
  ])('%s: no other field moves', (name) => {
    expect(parseClientList(line(name)).map(clientFrom)).toEqual([
      {
        address: '10.0.0.9:5000',
        name,
        user: 'app',
        library: 'jedis 5.1',
        lastCommand: 'set',
        idleSeconds: 3,
        ageSeconds: 9,
        receivedBytes: null,
        isReplica: false,
        isMaster: false,
        outputBufferBytes: 12,
      },
    ]);
  });

  it('of a field that comes twice the first counts', () => {
    const [client] = parseClientList(`${line('x').trimEnd()} cmd=get omem=9`).map(clientFrom);
    expect(client).toMatchObject({ lastCommand: 'set', outputBufferBytes: 12 });
  });

  it('a reply that 2.4 has queued is something, though 2.4 does not tell how long it is', () => {
    const old = (oll: number) =>
      `addr=127.0.0.1:5 fd=7 idle=0 flags=S db=0 qbuf=0 obl=3 oll=${oll} events=rw cmd=sync\n`;
    const queued = (oll: number) => parseClientList(old(oll)).map(clientFrom)[0]?.outputBufferBytes ?? 0;
    expect(queued(0)).toBe(3);
    expect(queued(1)).toBeGreaterThan(4_096);
    expect(queued(200)).toBeGreaterThan(1_000_000);
  });

  it('no name without spaces moves another field', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]{0,30}$/), (name) => {
        const [client] = parseClientList(line(name)).map(clientFrom);
        expect(client).toMatchObject({
          name,
          lastCommand: 'set',
          outputBufferBytes: 12,
          isReplica: false,
          user: 'app',
        });
      }),
    );
  });
});

describe('the reader of INFO', () => {
  it('keeps values that hold colons, equals signs and spaces', () => {
    const info = parseInfo(
      '# Server\r\nmaster_host:fd00::1\r\nconfig_file:/a b/c=d.conf\r\nempty:\r\nno colon\r\n:x\r\n',
    );
    expect(Object.fromEntries(info)).toEqual({ master_host: 'fd00::1', config_file: '/a b/c=d.conf', empty: '' });
  });

  it('sums the keys of all databases', () => {
    const text =
      'role:master\r\n# Keyspace\r\ndb0:keys=5,expires=1,avg_ttl=9\r\ndb15:keys=7,expires=0\r\ndbx:keys=9\r\n';
    expect(read(text).keys).toBe(12);
  });

  it('takes numbers for numbers only', () => {
    expect([numberOf('12'), numberOf('62.09'), numberOf('3.5%'), numberOf('0')]).toEqual([12, 62.09, 3.5, 0]);
    for (const text of [undefined, '', ' ', '-nan', 'nan', 'inf', '-inf', 'x', '1e999'])
      expect(numberOf(text)).toBeNull();
    expect([offsetOf('18446744073709551615'), offsetOf('0')]).toEqual([18_446_744_073_709_551_615n, 0n]);
    for (const text of [undefined, '', '-1', '1.5', 'x', '0x10']) expect(offsetOf(text)).toBeNull();
  });

  it('counts calls of commands that write, and no others', () => {
    const stats =
      'cmdstat_set:calls=5,usec=1\r\ncmdstat_get:calls=90,usec=1\r\ncmdstat_eval:calls=2,usec=1\r\ncmdstat_xgroup|create:calls=1,usec=1\r\ncmdstat_config|set:calls=50,usec=1\r\n';
    expect(factsFrom(parseInfo(`role:master\r\n${stats}`), true).writeCalls).toBe(8);
    expect(factsFrom(parseInfo(`role:master\r\n${stats}`), false).writeCalls).toBeNull();
  });

  it('counts full syncs, before 2.8 by the calls of SYNC', () => {
    const stats = 'cmdstat_sync:calls=3,usec=1\r\n';
    expect(factsFrom(parseInfo(`role:master\r\n${stats}`), true).fullSyncs).toBe(3);
    expect(factsFrom(parseInfo('role:master\r\ncmdstat_set:calls=5,usec=1\r\n'), true).fullSyncs).toBe(0);
    expect(factsFrom(parseInfo(`role:master\r\nsync_full:1\r\n${stats}`), true).fullSyncs).toBe(1);
    expect(factsFrom(parseInfo('role:master\r\n'), false).fullSyncs).toBeNull();
  });

  it('counts refused writes', () => {
    const refused = 'role:slave\r\ntotal_error_replies:9\r\nerrorstat_READONLY:count=4\r\nerrorstat_ERR:count=5\r\n';
    expect(read(refused).readonlyRefusals).toBe(4);
    const stats =
      'cmdstat_set:calls=5,usec=1,rejected_calls=3,failed_calls=0\r\ncmdstat_get:calls=9,usec=1,rejected_calls=7\r\n';
    expect(factsFrom(parseInfo(`${refused}${stats}`), true).rejectedWrites).toBe(3);
    expect(factsFrom(parseInfo(refused), false).rejectedWrites).toBeNull();
    expect(factsFrom(parseInfo('role:slave\r\ncmdstat_set:calls=5,usec=1\r\n'), true).rejectedWrites).toBeNull();
  });

  it('a diskless sync tells no size, only what has arrived', () => {
    const base =
      'role:slave\r\nmaster_host:a\r\nmaster_port:1\r\nmaster_link_status:down\r\nmaster_sync_in_progress:1\r\n';
    const sync = (text: string) => {
      const { syncTotalBytes, syncReadBytes } = read(`${base}${text}`).replication;
      return [syncTotalBytes, syncReadBytes];
    };
    expect(sync('master_sync_total_bytes:-1\r\nmaster_sync_read_bytes:0\r\nmaster_sync_left_bytes:-1\r\n')).toEqual([
      null,
      0,
    ]);
    expect(sync('master_sync_total_bytes:0\r\nmaster_sync_read_bytes:77\r\nmaster_sync_left_bytes:-77\r\n')).toEqual([
      null,
      77,
    ]);
    expect(sync('master_sync_total_bytes:90\r\nmaster_sync_read_bytes:30\r\nmaster_sync_left_bytes:60\r\n')).toEqual([
      90, 30,
    ]);
    expect(sync('master_sync_left_bytes:-77\r\n')).toEqual([null, 77]);
    expect(sync('master_sync_left_bytes:-1\r\n')).toEqual([null, null]);
  });

  it('reads any text without throwing and without making up figures', () => {
    const piece = fc.constantFrom(
      ...'role:slave|role:master|db0:keys=|db0:|slave0:|slave0:ip=|slave0:a,b,c|loading:1|loading_loaded_perc:-nan|master_port:x|master_host:|master_repl_offset:-1|cmdstat_set:calls=|errorstat_READONLY:|sync_full:|used_memory:-5x|# Server|:|=|,|\r|\n| |id=1|addr=|name=|cmd=|omem=x|flags='.split(
        '|',
      ),
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('\r\n')),
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(' ')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(text, fc.boolean(), (said, stats) => {
        noNonsense(factsFrom(parseInfo(said), stats), 'facts');
        noNonsense(parseClientList(said).map(clientFrom), 'clients');
        parsePairs(said);
      }),
      { numRuns: 1_000 },
    );
  });
});
