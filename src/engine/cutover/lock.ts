/**
 * Below 6.0 a server is locked by a password of ours (lock-password.ts): it refuses everybody who has not logged in with
 * it, in the very moment in which it is set. One connection holds the lock until the fence; if it breaks, everything is
 * let go. A process that was restarted has forgotten it. Before the lock is taken away every connection is cut: a
 * transaction that was refused in the middle would stay open, and answer QUEUED to what is sent next.
 */
import { can } from '../../domain/dialect.ts';
import { addressOf } from '../../domain/endpoint.ts';
import type { Frozen, StopKind } from '../../domain/event.ts';
import { type Move, named } from '../../domain/move.ts';
import type { ServerFacts } from '../../domain/observation.ts';
import { wayBackRefusal } from '../../domain/way-back.ts';
import { factsFrom } from '../../redis/facts.ts';
import { parseInfo } from '../../redis/info.ts';
import { type Answer, answerText } from '../../redis/resp.ts';
import type { Wire } from '../../redis/wire.ts';
import { announceSetting, oldSetting, settingIsBack, settingStays } from '../ledger.ts';
import { copyAnew, deleteMarker } from './copy-anew.ts';
import { cutOthers } from './cut-others.ts';
import { fenceOldest, SERVE_STALE } from './fence-oldest.ts';
import { lockPassword } from './lock-password.ts';
import { LATE_MS, lineUp, okAll } from './packet.ts';
import { historyOf, isBehindFence } from './proof.ts';
import { LetGo, type StopGround } from './stop.ts';

/** The marker goes by itself if nobody is left to delete it. */
const MARKER_SECONDS = '3600';
/** More replicas than anybody has: nobody may write. */
export const NO_WRITES_MIN = '1000000';
const MIN_SLAVES = 'min-slaves-to-write';

export class Lock {
  readonly #ground: StopGround;
  readonly #move: Move;
  readonly #kind: StopKind;
  #wire: Wire | null = null;
  /** The one of `prepare`. */
  #first: Wire | null = null;
  #to: ServerFacts | null = null;

  constructor(ground: StopGround, move: Move, kind: StopKind) {
    this.#ground = ground;
    this.#move = move;
    this.#kind = kind;
  }

  get password(): string {
    const { index: shard, fromSide: side, from } = this.#move;
    return lockPassword(from, { id: this.#ground.journal.state.plan.id, shard, side }, this.#ground.deps);
  }

  get marker(): string {
    const { plan, cutover } = this.#ground.journal.state;
    return `redis-migrate:${plan.id}:${this.#move.index}:${cutover?.attempt ?? 0}`;
  }

  get setMarker(): readonly string[] {
    return ['SETEX', this.marker, MARKER_SECONDS, '1'];
  }

  /** Whether the connection of before the lock is still there, and so the process that was locked. */
  get held(): boolean {
    return this.#first?.alive === true;
  }

  /** What min-slaves-to-write was before. */
  get oldMin(): string {
    const { journal, deps } = this.#ground;
    const place = { shard: this.#move.index, side: this.#move.fromSide, name: MIN_SLAVES };
    return oldSetting(place, journal, deps) ?? '0';
  }

  /** The connection that holds the lock. Rejects with LetGo when it was not opened. */
  get wire(): Wire {
    if (this.#wire === null) throw new LetGo(`${named(this.#move)}: the lock was never prepared.`);
    return this.#wire;
  }

  /** Opens the connection, and journals what is about to be changed. Null, or a sentence. Rejects with RedisError. */
  async prepare(): Promise<string | null> {
    const { journal, deps } = this.#ground;
    const move = this.#move;
    const { inspector } = this.#ground.from(move);
    this.#to = await this.#ground.to(move).inspector.process();
    const name = addressOf(move.from);
    if ((await inspector.setting('slave-read-only')) === 'no')
      return `${name} has replica-read-only no, so a fence would not keep writes out. CONFIG SET slave-read-only yes on it.`;
    this.#first = await this.#ground.wire(move, 'from');
    this.#wire = this.#first;
    const server = await this.look(this.#first);
    const announce = async (setting: string, value: string, why: string) => {
      const old = await inspector.setting(setting);
      if (old === null) return `${setting} is not a setting of ${name}.`;
      const place = { shard: move.index, side: move.fromSide, until: 'cutover' as const };
      announceSetting({ ...place, name: setting, value, why }, old, journal, deps);
      return null;
    };
    const problem = await announce('requirepass', '', 'so that nobody writes during the cut-over');
    if (problem !== null) return problem;
    if (this.#kind === 'min') return announce(MIN_SLAVES, NO_WRITES_MIN, 'so that nobody writes during the cut-over');
    if (this.#kind === 'open' && !can(server, 'read_only_replicas'))
      return announce(SERVE_STALE, 'no', 'so that it refuses everybody behind its fence');
    return null;
  }

  /** Where writes ended, by INFO of the moment behind the last one. Rejects with LetGo. */
  frozen(info: Answer | undefined): Frozen {
    const from = factsFrom(parseInfo(answerText(info)), false);
    const replid = historyOf(from);
    const to = this.#to;
    if (from.role !== 'master' || replid === null || to === null)
      throw new LetGo(`${named(this.#move)}: ${addressOf(this.#move.from)} is not a master any more.`);
    const byProcess = !can(from, 'offsets') || !can(to, 'replid');
    return {
      shard: this.#move.index,
      replid,
      offset: String(from.replication.masterOffset ?? 0n),
      by: this.#kind,
      ...(this.#kind === 'monitor' ? {} : { marker: this.marker }),
      ...(byProcess ? { runId: to.runId ?? '' } : {}),
    };
  }

  /** What the server says of itself. */
  async look(wire: Wire): Promise<ServerFacts> {
    const [info] = await okAll(wire, [['INFO']], this.#move);
    return factsFrom(parseInfo(answerText(info)), false);
  }

  /** The connection that holds the lock, or a fresh one. */
  async anyWire(): Promise<Wire> {
    if (this.#wire?.alive) return this.#wire;
    this.#wire = await this.#ground.wire(this.#move, 'from');
    return this.#wire;
  }

  /** Makes it a replica of the closed port, where it refuses everybody for good. Believed when INFO shows it. */
  async putUpFence(wire: Wire): Promise<void> {
    const { host, port } = this.#ground.fence;
    const before = await this.look(wire);
    if (can(before, 'read_only_replicas')) {
      await okAll(wire, [['SLAVEOF', host, String(port)]], this.#move);
      return;
    }
    const password = this.#kind === 'open' ? null : this.password;
    await fenceOldest(wire, before, this.#move, this.#ground.fence, password);
  }

  /** Null when it stands behind the closed port and refuses writes, or a sentence. Rejects with RedisError. */
  async fenceProblem(): Promise<string | null> {
    const wire = await this.anyWire();
    const seen = await this.look(wire);
    const name = addressOf(this.#move.from);
    if (!isBehindFence(seen, this.#ground.fence)) return `${name} is not fenced.`;
    if (can(seen, 'read_only_replicas')) return seen.replication.readOnly ? null : `${name} takes writes as a replica.`;
    const [answer] = await wire.packet([['GET', this.marker]]);
    if (this.#kind === 'open') return answer?.kind === 'error' ? null : `${name} answers behind its fence.`;
    const [setting] = await wire.packet([['CONFIG', 'GET', 'requirepass']]);
    return valueOf(setting) === this.password ? null : `${name} is not locked any more.`;
  }

  /** After the promotion: the fence for good, then everybody is cut off and the lock goes. Null, or what it waits for. */
  async settled(): Promise<string | null> {
    const move = this.#move;
    // A MONITOR may not change whom its server follows.
    if (this.#kind === 'monitor') this.#wire?.close();
    const wire = await this.anyWire();
    if ((await this.fenceProblem()) !== null) await this.putUpFence(wire);
    const problem = await this.fenceProblem();
    if (problem !== null) return `${named(move)}: ${problem}`;
    const server = await this.look(wire);
    const { journal } = this.#ground;
    const place = { shard: move.index, side: move.fromSide };
    if (!can(server, 'read_only_replicas') && this.#kind === 'open') {
      settingIsBack({ ...place, name: 'requirepass' }, journal);
      settingStays({ ...place, name: SERVE_STALE }, journal, `${SERVE_STALE} stays as it is: it is part of the fence.`);
    } else if (!can(server, 'read_only_replicas')) {
      const text = `${addressOf(move.from)} stays locked with a password that nobody knows: a 2.4 has no other fence.`;
      settingStays({ ...place, name: 'requirepass' }, journal, text);
    } else {
      await cutOthers(wire, server, move);
      const stuck = await this.#unlock(wire);
      if (stuck !== null) return stuck;
    }
    if (this.#kind === 'open') await this.#judgeWayBack(server);
    await deleteMarker(this.#ground, this.#move, this.marker);
    return null;
  }

  /**
   * The refusals that a lock adds to the stream (see copy-anew.ts) are on the new server and not on this one: it would
   * resume in the middle of something.
   */
  async #judgeWayBack(server: ServerFacts): Promise<void> {
    const { index: shard, way } = this.#move;
    const { secondOffset } = (await this.#ground.to(this.#move).inspector.process()).replication;
    const { masterOffset } = server.replication;
    const { journal } = this.#ground;
    if (way !== 'over' || secondOffset === null || masterOffset === null || secondOffset - 1n <= masterOffset) return;
    if (journal.state.shards[shard]?.wayBack !== null || wayBackRefusal(journal.state, shard) !== null) return;
    const text = 'the old server has counted less than the new one while it was locked, and cannot resume with proof.';
    journal.append([{ kind: 'way_back', shard, open: false, text }]);
  }

  /** From wherever it stands. Null when nothing of ours is left, or what it waits for. */
  async undo(): Promise<string | null> {
    const { clock } = this.#ground.deps;
    const wait = await lineUp(this.#move, async () => {
      // What was on its way from a bot that is gone arrives first.
      await clock.sleep(LATE_MS);
      const stuck = await this.#release();
      if (stuck !== null) return stuck;
      await clock.sleep(LATE_MS);
      return this.#release();
    });
    if (wait !== null || this.#kind !== 'open') return wait;
    // Before the step was journalled, no lock was sent.
    if ((this.#ground.journal.state.cutover?.step ?? null) === null) return null;
    const copies = await lineUp(this.#move, () => copyAnew(this.#ground, this.#move));
    // One that was given up was sent the order to follow nobody: if it does not answer, it resumes nothing either.
    const isGivenUp = this.#ground.journal.state.cutover?.givenUp.includes(this.#move.index) === true;
    return isGivenUp ? null : copies;
  }

  async #release(): Promise<string | null> {
    const move = this.#move;
    this.#wire?.close();
    const wire = await this.anyWire();
    const server = await this.look(wire);
    const behind = isBehindFence(server, this.#ground.fence);
    const { password } = this;
    // In one packet: the fence goes down behind the lock, so that nobody writes before everybody is cut off.
    if (behind) {
      const locking = [
        ['CONFIG', 'SET', 'requirepass', password],
        ['AUTH', password],
      ];
      await okAll(wire, [['SLAVEOF', 'NO', 'ONE'], ...locking], move);
    }
    const locked = behind || wire.byLock || (await this.#setting(wire, 'requirepass')) === password;
    if (locked) await cutOthers(wire, server, move);
    const problem = await this.#unlock(wire);
    if (problem !== null) return problem;
    await wire.packet([['DEL', this.marker]]);
    const after = await this.look(wire);
    return isBehindFence(after, this.#ground.fence) ? `${named(move)}: the fence is still up.` : null;
  }

  /** Settings that have our values get their own back. Null when that shows, or a sentence. */
  async #unlock(wire: Wire): Promise<string | null> {
    const ours = [
      [MIN_SLAVES, NO_WRITES_MIN],
      [SERVE_STALE, 'no'],
      ['requirepass', this.password],
    ] as const;
    const { journal, deps } = this.#ground;
    for (const [name, value] of ours) {
      const place = { shard: this.#move.index, side: this.#move.fromSide, name };
      const old = oldSetting(place, journal, deps);
      if (old === null) continue;
      if (old !== value && (await this.#setting(wire, name)) === value) {
        await wire.packet([['CONFIG', 'SET', name, old]]);
        if ((await this.#setting(wire, name)) === value)
          return `${named(this.#move)}: ${name} of ${addressOf(this.#move.from)} has not got its old value back.`;
      }
      settingIsBack(place, journal);
    }
    return null;
  }

  async #setting(wire: Wire, name: string): Promise<string> {
    const [answer] = await okAll(wire, [['CONFIG', 'GET', name]], this.#move);
    return valueOf(answer);
  }
}

/** [CONFIG GET] `[name, value]`; empty where there is none. */
function valueOf(answer: Answer | undefined): string {
  return answer?.kind === 'list' ? answerText(answer.items[1]) : '';
}
