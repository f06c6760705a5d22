import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewRow } from '../../src/domain/event.ts';
import { MASK, SecretRegistry } from '../../src/log.ts';
import {
  StoreCorruptError,
  StoreError,
  StoreFullError,
  StoreInUseError,
  StoreTooNewError,
} from '../../src/store/errors.ts';
import { migrateSchema, SCHEMA } from '../../src/store/schema.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { row, storeConformance } from './conformance.ts';

const clock = { now: () => 1_730_000_000_000 };
let folder: string;
const open = (name = 'state.db', secrets = new SecretRegistry()): Store =>
  openSqliteStore({ file: join(folder, name), secrets, clock });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redis-migrate-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('SQLite in a file', () => {
  storeConformance(() => ({ durable: true, open: (secrets) => open('state.db', secrets) }));
});

describe('SQLite in memory', () => {
  storeConformance(() => ({
    durable: false,
    open: (secrets) => openSqliteStore({ file: ':memory:', secrets, clock }),
  }));
});

describe('the file', () => {
  it('is made with its folders, for the owner alone', () => {
    const store = open('new/folder/state.db');
    store.create('m-aaaa', 'checking', [row('a')]);
    const rights = (name: string) => (statSync(join(folder, name)).mode & 0o777).toString(8);
    expect(['new', 'new/folder'].map(rights)).toEqual(['700', '700']);
    expect(['state.db', 'state.db-wal', 'state.db.lock'].map((name) => rights(`new/folder/${name}`))).toEqual([
      '600',
      '600',
      '600',
    ]);
    store.close();
  });

  it('has a write-ahead log, so that others may read it meanwhile', () => {
    const store = open();
    const other = new Database(join(folder, 'state.db'));
    expect(other.prepare('PRAGMA journal_mode').all()).toMatchObject([{ journal_mode: 'wal' }]);
    other.close();
    store.close();
  });

  it('holds no known secret in any byte, and nothing of a request once that is settled', () => {
    const secrets = new SecretRegistry();
    secrets.add('hunter2-planted');
    const store = open('state.db', secrets);
    store.create('m-aaaa', 'checking', [
      { ...row('pw hunter2-planted'), event: { kind: 'resumed', detail: 'hunter2-planted' } },
    ]);
    store.putInbox({ id: 'i', kind: 'command', payload: { text: 'start typed-planted' }, receivedAt: 1 });
    store.settleInbox('i');
    store.close();
    const bytes = ['state.db', 'state.db-wal'].map((name) => readFileSync(join(folder, name), 'latin1')).join('');
    expect(bytes).toContain('m-aaaa');
    expect(bytes).not.toMatch(/hunter2|typed-planted/);
  });

  it('is refused with a sentence when it is something else', () => {
    writeFileSync(join(folder, 'state.db'), 'not a database '.repeat(500));
    expect(() => open()).toThrow(/state\.db is damaged or no SQLite file/);
    expect(() => open('.')).toThrow(StoreError);
    expect(() => open('.')).toThrow(/is not a file\. Name a file/);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(() => open('state.db/below')).toThrow(/cannot be used \((ENOTDIR|EEXIST)\)/);
  });
});

describe('one bot a file', () => {
  it('refuses a second one with a sentence that helps, also through a link', () => {
    const store = open();
    symlinkSync(join(folder, 'state.db'), join(folder, 'link.db'));
    for (const name of ['state.db', 'link.db']) {
      expect(() => open(name)).toThrow(StoreInUseError);
      expect(() => open(name)).toThrow(/in use by another running bot\. Stop that one first/);
    }
    store.create('m-aaaa', 'checking', [row('still mine')]);
    store.close();
    open().close();
  });
});

describe('a full disk', () => {
  it('is told in a sentence, nothing is half written, and writing goes on when there is room', () => {
    const secrets = new SecretRegistry();
    const file = join(folder, 'state.db');
    let store = openSqliteStore({ file, secrets, clock, maxPages: 30 });
    let version = store.create('m-aaaa', 'checking', [row('a')]).length;
    const big = [row('x'.repeat(500)), row('y'.repeat(3000))];
    const fill = () => {
      for (;;) version = store.append('m-aaaa', version, 'checking', big).at(-1)?.seq ?? 0;
    };
    expect(fill).toThrow(StoreFullError);
    expect(fill).toThrow(/full; nothing was written/);
    expect(store.journal('m-aaaa')).toHaveLength(version);
    expect(store.migrations()[0]?.version).toBe(version);
    store.close();
    store = openSqliteStore({ file, secrets, clock });
    expect(store.append('m-aaaa', version, 'checking', big)[1]?.seq).toBe(version + 2);
    store.close();
  });
});

describe('damage', () => {
  function harm(sql: string): void {
    const db = new Database(join(folder, 'state.db'));
    db.exec('DROP TRIGGER journal_rows_never_change');
    db.exec(sql);
    db.close();
  }

  it.each([
    [`UPDATE journal SET event = '{"kind":' WHERE seq = 2`, /Row 2 of migration m-aaaa .* damaged/],
    [`UPDATE journal SET event = '[]' WHERE seq = 2`, /Row 2 of migration m-aaaa/],
    [`UPDATE journal SET event = '{"percent":1}' WHERE seq = 2`, /Row 2 of migration m-aaaa/],
    ['DELETE FROM journal WHERE seq = 2', /Row 2 of migration m-aaaa .* missing/],
    ['DELETE FROM journal WHERE seq = 3', /Row 3 of migration m-aaaa .* missing/],
  ])('%s is reported with migration and row', (sql, sentence) => {
    const store = open();
    store.create('m-aaaa', 'checking', [row('a'), row('b'), row('c')]);
    store.close();
    harm(sql);
    const again = open();
    expect(() => again.journal('m-aaaa')).toThrow(StoreCorruptError);
    expect(() => again.journal('m-aaaa')).toThrow(sentence);
    again.close();
  });

  it('journal rows cannot be changed by a mistake of ours', () => {
    const store = open();
    store.create('m-aaaa', 'checking', [row('a')]);
    store.close();
    const db = new Database(join(folder, 'state.db'));
    expect(() => db.exec(`UPDATE journal SET text = 'nicer'`)).toThrow(/journal rows never change/);
    db.close();
  });
});

describe('schema', () => {
  it('runs each step once and in order', () => {
    const db = new Database(':memory:');
    const steps = [
      ...SCHEMA.slice(0, 1),
      { name: 'two', sql: 'CREATE TABLE two (a) ' },
      { name: 'three', sql: 'ALTER TABLE two ADD COLUMN b' },
    ];
    migrateSchema(db, 'f', 1, steps.slice(0, 2));
    migrateSchema(db, 'f', 2, steps);
    migrateSchema(db, 'f', 3, steps);
    const rows = db.prepare('SELECT version, name, applied_at FROM schema_version ORDER BY version').all();
    expect(rows).toMatchObject([
      { version: 1, applied_at: 1 },
      { version: 2, name: 'two', applied_at: 1 },
      { version: 3, name: 'three', applied_at: 2 },
    ]);
    db.close();
  });

  it('leaves nothing of a step that fails', () => {
    const db = new Database(':memory:');
    const steps = [...SCHEMA, { name: 'bad', sql: 'CREATE TABLE half (a); SELECT nonsense FROM nowhere;' }];
    expect(() => migrateSchema(db, 'f', 1, steps)).toThrow();
    expect(db.prepare(`SELECT count(*) AS n FROM sqlite_master WHERE name = 'half'`).all()).toMatchObject([{ n: 0 }]);
    expect(db.prepare('SELECT max(version) AS v FROM schema_version').all()).toMatchObject([{ v: SCHEMA.length }]);
    db.close();
  });

  it('refuses a file of a newer version', () => {
    open().close();
    const db = new Database(join(folder, 'state.db'));
    db.exec(`INSERT INTO schema_version VALUES (99, 'from the future', 1)`);
    db.close();
    expect(() => open()).toThrow(StoreTooNewError);
    expect(() => open()).toThrow(
      `has schema 99, this version of the bot knows up to ${SCHEMA.length}. Start the newer version`,
    );
  });
});

describe('a password that is an ordinary word', () => {
  it('leaves alone what the bot itself reads in a row', () => {
    const secrets = new SecretRegistry();
    for (const word of ['orders', 'requested', 'source', 'intent', 'masterauth', 'normal', 'fenced', 'UANA01'])
      secrets.add(word);
    const store = openSqliteStore({ file: ':memory:', secrets, clock });
    const source = {
      host: 'orders-1',
      port: 6379,
      tls: true,
      tlsFiles: { ca: '/etc/orders/ca.crt', servername: 'orders.test' },
      password: { kind: 'env', name: 'ORDERS' },
      replicateFrom: { host: 'orders-1.internal', port: 6379, tls: false },
      renamed: { config: 'orders-config' },
    } as const;
    const requested: NewRow = {
      ...row('UANA01 asked to move orders-1'),
      event: {
        kind: 'requested',
        messageTs: null,
        plan: {
          id: 'm-aaaa',
          name: 'move orders',
          shards: [{ index: 0, source, destination: { ...source, host: 'orders-2' } }],
          cutover: 'fenced',
          yesWipe: false,
          requestedBy: 'UANA01',
          channel: 'C1',
          createdAt: 1,
        },
      },
    };
    const old = { kind: 'plain', value: 'normal 0 0 0 slave 1 1 60' } as const;
    const effect = {
      kind: 'set_config',
      shard: 0,
      side: 'source',
      name: 'masterauth',
      old,
      value: null,
      why: 'orders wants it',
    } as const;
    const [first, second] = store.create('m-aaaa', 'checking', [
      requested,
      { ...row('b'), event: { kind: 'intent', effect } },
    ]);
    expect(first?.text).toBe(`${MASK} asked to move ${MASK}-1`);
    expect(first?.event).toEqual({
      ...requested.event,
      plan: { ...('plan' in requested.event ? requested.event.plan : {}), name: `move ${MASK}` },
    });
    expect(second?.event).toEqual({ kind: 'intent', effect: { ...effect, why: `${MASK} wants it` } });
    store.close();
  });

  it('leaves alone what an alarm proposes to set, and until when a setting stays', () => {
    const secrets = new SecretRegistry();
    for (const word of ['client', 'normal', 'cutover', 'timeout']) secrets.add(word);
    const store = openSqliteStore({ file: ':memory:', secrets, clock });
    const wide = { side: 'source', name: 'client-output-buffer-limit', value: 'normal 0 0 0 slave 1 1 60' } as const;
    const tune = [{ ...wide, why: 'so' }];
    const events = [
      { kind: 'sync_alarm', shard: 0, cause: 'timeout', text: 'It never ends.', tune },
      { kind: 'intent', effect: { kind: 'tune', shard: 0, changes: tune } },
      {
        kind: 'intent',
        effect: {
          kind: 'set_config',
          shard: 0,
          ...wide,
          old: { kind: 'plain', value: wide.value },
          why: 'so',
          until: 'cutover',
        },
      },
    ] as const;
    const written = store.create(
      'm-aaaa',
      'checking',
      events.map((event) => ({ ...row('b'), event })),
    );
    expect(written.map((one) => one.event)).toEqual(events);
    store.close();
  });

  it('still takes a long secret out of a setting that should have been sealed', () => {
    const secrets = new SecretRegistry();
    secrets.add('hunter2-planted');
    const store = openSqliteStore({ file: ':memory:', secrets, clock });
    const old = { kind: 'plain', value: 'hunter2-planted' } as const;
    const effect = {
      kind: 'set_config',
      shard: 0,
      side: 'destination',
      name: 'masterauth',
      old,
      value: null,
      why: '',
    } as const;
    const written = store.create('m-aaaa', 'checking', [{ ...row('b'), event: { kind: 'intent', effect } }]);
    expect(JSON.stringify(written)).not.toContain('hunter2');
    store.close();
  });
});
