/**
 * Redis 6.0: no user may write or publish for a moment, taken from all of them in one packet, those that are switched
 * off included: their open connections go on. What they might run before is in the journal. The offset may still move
 * (transactions that were refused, keys that expire): none of that was acknowledged to anybody. So the proof is that
 * everything up to the moment behind the last refusal has arrived, and that no command that writes has run since.
 */
import { addressOf } from '../../domain/endpoint.ts';
import type { AclUser, Frozen } from '../../domain/event.ts';
import { type Move, named } from '../../domain/move.ts';
import { MASK } from '../../log.ts';
import { isSameList, isSameRights, usersFrom } from '../../redis/acl-list.ts';
import { directWrites, factsFrom } from '../../redis/facts.ts';
import { parseInfo } from '../../redis/info.ts';
import { type Answer, answerText } from '../../redis/resp.ts';
import type { Wire } from '../../redis/wire.ts';
import { fencedAgain, LATE_MS, lineUp, okAll, takeFenceDown } from './packet.ts';
import { isBehindFence, isFenced } from './proof.ts';
import { LetGo, type StopGround, type WriteStop } from './stop.ts';

/** So long the offset behind the frozen point is waited for, before the fence and behind it. */
const LEVEL_MS = 50;
/** What is taken from everybody. PUBLISH does not write, and goes to the replicas. */
const NO_WRITES = ['-@write', '-publish'];

export function createAclStop(ground: StopGround, move: Move): WriteStop {
  const { inspector } = ground.from(move);
  const name = addressOf(move.from);
  let wire: Wire | null = null;
  let frozen: Frozen | null = null;
  /** Who may do what while nobody may write, and how many writes there were by then. */
  let locked: { readonly list: Answer | undefined; readonly writes: number } | null = null;

  function users(): readonly AclUser[] {
    return ground.journal.state.cutover?.users.get(move.index) ?? [];
  }

  /**
   * Refused transactions that had been open move the offset behind the frozen point. Nothing of that is needed; but a
   * server that is ahead of the one that it is to follow cannot resume there, and there would be no way back. That is
   * worth a moment, and not the cut-over.
   */
  async function untilLevel(offset: () => Promise<bigint | null>): Promise<void> {
    const { clock } = ground.deps;
    if (move.way === 'back' || move.overlap) return;
    const until = clock.monotonicMs() + LEVEL_MS;
    while (clock.monotonicMs() < until) {
      const wanted = await offset();
      const { linkUp, replicaOffset } = (await ground.to(move).inspector.replication()).replication;
      if (!linkUp || wanted === null || replicaOffset === null || replicaOffset >= wanted) return;
      await clock.sleep(1);
    }
  }

  function offsetIn(answer: Answer | undefined): bigint | null {
    return factsFrom(parseInfo(answerText(answer)), false).replication.masterOffset;
  }

  return {
    async prepare() {
      if ((await inspector.setting('slave-read-only')) === 'no')
        return `${name} has replica-read-only no, so a fence would not keep writes out. CONFIG SET replica-read-only yes on it.`;
      wire = await ground.wire(move, 'from');
      const [list] = await okAll(wire, [['ACL', 'LIST']], move);
      const found = usersFrom(list);
      // What is a password by itself would not come back from the journal.
      if (found.some((user) => ground.deps.registry.scrub(user.name).includes(MASK)))
        return `a user of ${name} is called like a password.`;
      const effect = { kind: 'acl_lock' as const, shard: move.index, side: move.fromSide, users: found };
      ground.journal.append([{ kind: 'intent', effect }]);
      return null;
    },
    async stop() {
      const all = users().map((user) => ['ACL', 'SETUSER', user.name, ...NO_WRITES]);
      const answers = await okAll(wire, [...all, ['ACL', 'LIST'], ['INFO', 'all']], move);
      const info = parseInfo(answerText(answers.at(-1)));
      const { role, replication } = factsFrom(info, false);
      const { masterOffset, replid } = replication;
      if (role !== 'master' || masterOffset === null || replid === null)
        throw new LetGo(`${named(move)}: ${name} is not a master any more.`);
      const list = answers.at(-2);
      if (usersFrom(list).length !== users().length)
        throw new LetGo(`${named(move)}: somebody is changing the users of ${name}.`);
      locked = { list, writes: directWrites(info) };
      frozen = { shard: move.index, replid, offset: String(masterOffset), by: 'acl' };
    },
    async freeze() {
      if (frozen === null) throw new Error('Writes were not stopped.');
      return frozen;
    },
    level: () => untilLevel(async () => offsetIn((await okAll(wire, [['INFO', 'replication']], move)).at(-1))),
    async fence() {
      const { host, port } = ground.fence;
      const answers = await okAll(
        wire,
        [
          ['SLAVEOF', host, String(port)],
          ['INFO', 'all'],
          ['ACL', 'LIST'],
        ],
        move,
      );
      const written = directWrites(parseInfo(answerText(answers[1])));
      if (written !== locked?.writes) throw new LetGo(`${named(move)}: ${name} was written to before the fence stood.`);
      if (!isSameList(answers[2], locked.list))
        throw new LetGo(`${named(move)}: somebody changed the users of ${name} before the fence stood.`);
      // What it sent before its links were closed may not have been read yet, and a promotion would drop it.
      await untilLevel(async () => offsetIn(answers[1]));
    },
    async fenceProblem() {
      return isFenced(await inspector.replication(), ground.fence) ? null : `${name} is not fenced.`;
    },
    async settled() {
      return (await fencedAgain(ground, move)) ?? giveBack(ground, move, users());
    },
    async undo(fenceSent) {
      return lineUp(move, async () => {
        if (fenceSent) await ground.deps.clock.sleep(LATE_MS);
        const stuck = await takeFenceDown(ground, move);
        if (stuck !== null) return stuck;
        const back = await giveBack(ground, move, users());
        if (back !== null) return back;
        // What was on its way from a bot that is gone may have arrived behind what we sent.
        await ground.deps.clock.sleep(LATE_MS);
        if (isBehindFence(await inspector.replication(), ground.fence)) return `${named(move)}: the fence is still up.`;
        return giveBack(ground, move, users());
      });
    },
  };
}

/** Gives users their words back, and believes it when ACL LIST shows it. Null, or what it waits for. */
async function giveBack(ground: StopGround, move: Move, users: readonly AclUser[]): Promise<string | null> {
  if (users.length === 0) return null;
  const wire = await ground.wire(move, 'from');
  try {
    const different = async () => {
      const [list] = await okAll(wire, [['ACL', 'LIST']], move);
      const now = new Map(usersFrom(list).map((user) => [user.name, user.words]));
      return users.filter((user) => {
        const words = now.get(user.name);
        // A user that somebody has deleted meanwhile stays deleted.
        return words !== undefined && !isSameRights(words, user.words);
      });
    };
    const left = await different();
    if (left.length === 0) return null;
    await wire.packet(left.map((user) => ['ACL', 'SETUSER', user.name, ...user.words]));
    const still = await different();
    if (still.length === 0) return null;
    return `${named(move)}: ${still.length} users of ${addressOf(move.from)} have not got their rights back.`;
  } finally {
    wire.close();
  }
}
