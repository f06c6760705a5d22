/**
 * Keeps the one live message of every migration up to date. Owns what was last sent and the workspace's budget of
 * `chat.update`; never decides anything, never throws into the engine, never holds it up. At most one update of a
 * message is in flight, and only what changed is sent; when Slack is away or limits us it waits and sends the newest
 * state then, until it got out. A message that is gone is posted anew; blocks that are refused come back simpler.
 */
import type { Clock } from '../clock.ts';
import type { MigrationId } from '../domain/plan.ts';
import type { MigrationView } from '../domain/view.ts';
import type { MigrationService } from '../engine/service.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { backoffMs, createAlarm } from './alarm.ts';
import { isSlackProblem, type SlackApi, type SlackProblem } from './api.ts';
import { RUNGS, type Rung } from './blocks/shard-table.ts';
import { type Rendering, renderStatus, signatureOf } from './blocks/status.ts';
import { isLive } from './blocks/words.ts';
import { type Poster, STATUS_EVENT } from './post.ts';
import type { Priority, RateBudget } from './rate-budget.ts';
import { linkMessages, moveMessage } from './repost.ts';

export interface PublisherDeps {
  readonly api: SlackApi;
  readonly poster: Poster;
  readonly service: Pick<MigrationService, 'view' | 'messagePosted'>;
  readonly store: Pick<Store, 'note' | 'setNote'>;
  readonly budget: RateBudget;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Publisher {
  /** Something about this migration may have changed. Returns at once. */
  changed(id: MigrationId): void;
  /** As `changed`, and sends it even when nothing did, so that a message that is gone is noticed. */
  refresh(id: MigrationId): void;
  /** Whether the last state that was sent is of this phase, and of this stage of the axe; true across restarts. */
  hasTold(id: MigrationId, view: MigrationView): boolean;
  start(): void;
  /** Sends what is still unsaid, for at most `graceMs`. May be called twice. */
  stop(graceMs: number): Promise<void>;
}

const APART_MS = 3_000;
const FRESH_MS = 20_000;
const MOVES_APART_MS = 60_000;
const REMEMBER_RUNG_MS = 7 * 86_400_000;
const GONE = ['message_not_found', 'cant_update_message', 'edit_window_closed', 'is_archived', 'msg_too_old'];
const TOO_MUCH = ['msg_blocks_too_long', 'msg_too_long'];
const NOT_UNDERSTOOD = ['invalid_blocks', 'invalid_attachments', 'invalid_blocks_format'];

interface Entry {
  readonly id: MigrationId;
  wanted: boolean;
  forced: boolean;
  inFlight: boolean;
  sentKey: string | null;
  sentSignature: string | null;
  sentAt: number;
  failures: number;
  notBefore: number;
  movedAt: number;
  /** Where this migration's own messages were too long. */
  rung: Rung;
}

export function createPublisher(deps: PublisherDeps): Publisher {
  const { api, poster, service, store, budget, clock, log } = deps;
  const entries = new Map<MigrationId, Entry>();
  const flights = new Set<Promise<void>>();
  const alarm = createAlarm(clock);
  let running: Promise<void> | null = null;
  const ending = new AbortController();

  function entryOf(id: MigrationId): Entry {
    let entry = entries.get(id);
    if (!entry) {
      const never = Number.NEGATIVE_INFINITY;
      entry = {
        id,
        wanted: false,
        forced: false,
        inFlight: false,
        sentKey: null,
        sentSignature: null,
        sentAt: never,
        failures: 0,
        notBefore: never,
        movedAt: never,
        rung: 'table',
      };
      entries.set(id, entry);
    }
    return entry;
  }

  function rungOf(entry: Entry): Rung {
    const note = readRungNote(store.note('slack:rung'), clock.now());
    return RUNGS[Math.max(RUNGS.indexOf(entry.rung), note === null ? 0 : RUNGS.indexOf(note))] ?? 'bare';
  }

  /** Starts what may start now. Returns how long nothing else can. `last`: the end is near, spacing is given up. */
  function pump(last: boolean): number {
    const now = clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    const due: { entry: Entry; view: MigrationView; priority: Priority }[] = [];
    for (const entry of entries.values()) {
      if (!entry.wanted || entry.inFlight) continue;
      const view = service.view(entry.id);
      if (view === null || view.messageTs === null) {
        entry.wanted = false;
        continue;
      }
      const urgent = entry.forced || signatureOf(view) !== entry.sentSignature;
      const at = Math.max(entry.notBefore, urgent || last ? now : entry.sentAt + APART_MS);
      if (at > now) next = Math.min(next, at - now);
      else due.push({ entry, view, priority: urgent ? 'urgent' : 'ordinary' });
    }
    due.sort(
      (a, b) => Number(b.priority === 'urgent') - Number(a.priority === 'urgent') || a.entry.sentAt - b.entry.sentAt,
    );
    for (const { entry, view, priority } of due) {
      const rendering = renderStatus(view, rungOf(entry));
      const stale = isLive(view.phase) && now - entry.sentAt >= FRESH_MS;
      if (!entry.forced && rendering.key === entry.sentKey && !stale) {
        entry.wanted = false;
        continue;
      }
      if (!budget.take(last ? 'urgent' : priority)) {
        next = Math.min(next, Math.max(1, budget.msUntil(last ? 'urgent' : priority)));
        continue;
      }
      launch(entry, view, rendering);
    }
    return next;
  }

  function launch(entry: Entry, view: MigrationView, rendering: Rendering): void {
    entry.wanted = false;
    entry.forced = false;
    entry.inFlight = true;
    const flight = send(entry, view, rendering)
      .catch((error: unknown) => {
        fail(entry, 0);
        log.error({ migration: entry.id, err: error }, 'could not publish a status');
      })
      .finally(() => {
        entry.inFlight = false;
        flights.delete(flight);
        alarm.ring();
      });
    flights.add(flight);
  }

  async function send(entry: Entry, view: MigrationView, rendering: Rendering): Promise<void> {
    try {
      await api.call('chat.update', {
        channel: view.channel,
        ts: view.messageTs,
        text: rendering.text,
        blocks: rendering.blocks,
        metadata: { event_type: STATUS_EVENT, event_payload: { migration: view.id } },
      });
    } catch (error) {
      if (!isSlackProblem(error)) throw error;
      await recover(entry, view, error);
      return;
    }
    sent(entry, view, rendering);
  }

  function sent(entry: Entry, view: MigrationView, rendering: Rendering): void {
    if (entry.failures > 0) log.info({ migration: entry.id, failures: entry.failures }, 'the status got out again');
    entry.sentKey = rendering.key;
    entry.sentSignature = rendering.signature;
    entry.sentAt = clock.monotonicMs();
    entry.failures = 0;
    if (store.note(toldKey(entry.id)) !== stageOf(view)) store.setNote(toldKey(entry.id), stageOf(view));
  }

  async function recover(entry: Entry, view: MigrationView, problem: SlackProblem): Promise<void> {
    if (problem.kind === 'rate_limited') {
      budget.pause(problem.retryAfterMs);
      entry.wanted = true;
      return;
    }
    if (problem.kind === 'unreachable') {
      fail(entry, 0);
      log.warn({ migration: entry.id, code: problem.code, failures: entry.failures }, 'Slack does not take a status');
      return;
    }
    if (NOT_UNDERSTOOD.includes(problem.code) || TOO_MUCH.includes(problem.code)) {
      simplify(entry, problem);
      return;
    }
    if (GONE.includes(problem.code) && clock.monotonicMs() - entry.movedAt >= MOVES_APART_MS) {
      entry.movedAt = clock.monotonicMs();
      const rung = rungOf(entry);
      const ts = await moveMessage({ poster, log }, view, problem.code, renderStatus(view, rung));
      if (ts === null) {
        fail(entry, 30_000);
        return;
      }
      service.messagePosted(view.id, ts, movedBecause(problem.code));
      void linkMessages({ api, poster, log }, view, ts, problem.code !== 'message_not_found');
      entry.wanted = true;
      return;
    }
    fail(entry, 10_000);
    log.warn({ migration: entry.id, code: problem.code, failures: entry.failures }, 'Slack refuses a status');
  }

  /** One rung down. What the workspace does not understand is remembered for all; a length concerns one migration. */
  function simplify(entry: Entry, problem: SlackProblem): void {
    const refused = rungOf(entry);
    const lower = RUNGS[RUNGS.indexOf(refused) + 1];
    if (lower === undefined) {
      fail(entry, 30_000);
      log.error({ migration: entry.id, code: problem.code }, 'Slack refuses even the simplest status');
      return;
    }
    log.warn({ migration: entry.id, code: problem.code, rung: lower }, 'Slack refuses blocks, showing them simpler');
    if (NOT_UNDERSTOOD.includes(problem.code))
      store.setNote('slack:rung', JSON.stringify({ rung: lower, at: clock.now() }));
    else entry.rung = lower;
    entry.wanted = true;
  }

  function fail(entry: Entry, atLeastMs: number): void {
    entry.failures += 1;
    entry.wanted = true;
    entry.notBefore = clock.monotonicMs() + Math.max(atLeastMs, backoffMs(entry.failures));
  }

  async function loop(): Promise<void> {
    while (!ending.signal.aborted) await alarm.wait(safely(false));
  }

  function safely(last: boolean): number {
    try {
      return pump(last);
    } catch (error) {
      log.error({ err: error }, 'the publisher stumbled');
      return 5_000;
    }
  }

  return {
    changed(id) {
      entryOf(id).wanted = true;
      alarm.ring();
    },
    refresh(id) {
      const entry = entryOf(id);
      entry.wanted = true;
      entry.forced = true;
      alarm.ring();
    },
    hasTold: (id, view) => store.note(toldKey(id)) === stageOf(view),
    start() {
      running ??= loop();
    },
    async stop(graceMs) {
      if (ending.signal.aborted) return;
      ending.abort();
      alarm.ring();
      await running;
      const deadline = clock.monotonicMs() + graceMs;
      const left = () => deadline - clock.monotonicMs();
      while (left() > 0) {
        const waitMs = safely(true);
        if (flights.size === 0 && waitMs > left()) break;
        await alarm.wait(Math.min(waitMs, left(), 250));
      }
    },
  };
}

function toldKey(id: MigrationId): string {
  return `status:${id}`;
}

function stageOf({ phase, axe }: MigrationView): string {
  return [phase, ...(axe?.lines.slice(0, 1) ?? [])].join(' ');
}

function movedBecause(code: string): string {
  if (code === 'message_not_found') return 'The status message was deleted, so it was posted again.';
  return 'Slack does not allow the status message to be edited any more, so a new one was posted.';
}

function readRungNote(note: string | null, now: number): Rung | null {
  if (note === null) return null;
  try {
    const { rung, at } = JSON.parse(note) as { rung?: unknown; at?: unknown };
    const known = RUNGS.find((one) => one === rung);
    return known !== undefined && typeof at === 'number' && now - at < REMEMBER_RUNG_MS ? known : null;
  } catch {
    return null;
  }
}
