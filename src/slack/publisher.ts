/**
 * Keeps the one live message of every migration up to date. Owns what was last sent of each and whose turn it is
 * (turns.ts) under the workspace's budget of `chat.update`; never decides anything, never throws into the engine, never
 * holds it up. At most one update of a message is in flight, and only what changed is sent; when Slack is away or limits
 * us it waits and sends the newest state then, until it got out. A store that cannot be written is no reason to stop.
 */
import type { Clock } from '../clock.ts';
import { hasEnded } from '../domain/phase.ts';
import type { MigrationId } from '../domain/plan.ts';
import type { MigrationView } from '../domain/view.ts';
import type { MigrationService } from '../engine/service.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { backoffMs, createAlarm } from './alarm.ts';
import type { SlackApi } from './api.ts';
import { type Rendering, renderStatus, signatureOf } from './blocks/status.ts';
import { isLive } from './blocks/words.ts';
import { type Message, newMessage } from './live-message.ts';
import { createOutages } from './outages.ts';
import type { Poster } from './post.ts';
import type { RateBudget } from './rate-budget.ts';
import { createRungs } from './rungs.ts';
import { createStatusSender, type Sent } from './send-status.ts';
import { lastTurns, SPARE, type TurnClass, turnsOf } from './turns.ts';

export interface PublisherDeps {
  readonly api: SlackApi;
  readonly poster: Poster;
  readonly service: Pick<MigrationService, 'view' | 'messagePosted' | 'slackWasAway'>;
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
  /** Seconds since Slack took a message, of those that it does not take now. */
  staleSeconds(): ReadonlyMap<MigrationId, number>;
  start(): void;
  /** Sends what is still unsaid, for at most `graceMs`. May be called twice. */
  stop(graceMs: number): Promise<void>;
}

/** The freshness line grows old so far: while there is room in the budget, and when there is none. */
const FRESH_MS = 20_000;
const FRESH_UNDER_LOAD_MS = 120_000;
/** A message that was sent so short a time ago is there: whoever asks for it again waits for its turn. */
const RECENT_MS = 10_000;
const STUMBLED_MS = 5_000;
/** What Slack does not take is tried again more and more slowly, up to these. */
const LIVE_APART_MS = 60_000;
const ENDED_APART_MS = 600_000;

export function createPublisher(deps: PublisherDeps): Publisher {
  const { api, poster, service, store, budget, clock, log } = deps;
  const messages = new Map<MigrationId, Message>();
  const flights = new Set<Promise<void>>();
  const alarm = createAlarm(clock);
  const rungs = createRungs({ store, clock, log });
  const outages = createOutages({ store, service, clock, log });
  const sender = createStatusSender({ api, poster, service, rungs, clock, log });
  let running: Promise<void> | null = null;
  const ending = new AbortController();

  function messageOf(id: MigrationId): Message {
    let message = messages.get(id);
    if (!message) {
      message = newMessage(id);
      messages.set(id, message);
    }
    return message;
  }

  /** Looks at the newest state of those that may have changed. */
  function look(now: number): void {
    for (const message of messages.values())
      if (message.touched && message.notBefore <= now) apart(message, () => lookAt(message, now));
  }

  function lookAt(message: Message, now: number): void {
    const view = service.view(message.id);
    message.touched = false;
    message.view = view;
    if (view === null || sender.whereIs(view) === null) {
      said(message);
      outages.over(message.id);
      return;
    }
    const signature = signatureOf(view);
    message.unsaidSince ??= now;
    if (signature !== message.sentSignature) message.newsSince ??= now;
    else message.newsSince = null;
    if (signature !== message.seenSignature) message.newsAt = now;
    message.seenSignature = signature;
  }

  /** One that cannot be looked at or drawn, by a mistake of ours, must not keep the others from being sent. */
  function apart(message: Message, work: () => void): void {
    try {
      work();
    } catch (error) {
      log.error({ migration: message.id, err: error }, 'a status message cannot be drawn');
      message.unsaidSince ??= clock.monotonicMs();
      message.notBefore = clock.monotonicMs() + STUMBLED_MS;
    }
  }

  function said(message: Message): void {
    message.unsaidSince = null;
    message.newsSince = null;
    message.askedSince = null;
  }

  /** Starts what may start now. Returns how long nothing else can. `last`: the end is near, spacing is given up. */
  function pump(last: boolean): number {
    const now = clock.monotonicMs();
    look(now);
    const all = [...messages.values()];
    const { turns, nextMs } = last ? lastTurns(all, now) : turnsOf(all, now);
    let next = Math.min(nextMs, outages.tend());
    for (const { id, turn } of turns) {
      const message = messageOf(id);
      if (budget.isPaused() && turn !== 'early') outages.blocked(id);
      const waitMs = budget.msUntil(SPARE[turn]);
      if (waitMs > 0) next = Math.min(next, waitMs);
      else apart(message, () => takeTurn(message, turn, now));
    }
    return Math.max(1, next);
  }

  function takeTurn(message: Message, turn: TurnClass, now: number): void {
    const view = service.view(message.id);
    if (view === null) {
      said(message);
      return;
    }
    const rendering = renderStatus(view, rungs.of(view.id));
    const growsOldMs = budget.msUntil(SPARE.early) === 0 ? FRESH_MS : FRESH_UNDER_LOAD_MS;
    const isOld = isLive(view.phase) && now - message.sentAt >= growsOldMs;
    if (message.askedSince === null && rendering.key === message.sentKey && !isOld) {
      message.sentSignature = rendering.signature;
      said(message);
      outages.over(message.id);
    } else if (budget.take(SPARE[turn])) launch(message, view, rendering);
  }

  function launch(message: Message, view: MigrationView, rendering: Rendering): void {
    const { unsaidSince, newsSince, askedSince } = message;
    said(message);
    message.inFlight = true;
    message.launchedAt = clock.monotonicMs();
    const flight = sender
      .send(view, rendering)
      .catch((error: unknown): Sent => {
        log.error({ migration: message.id, err: error }, 'could not publish a status');
        return { kind: 'failed', atLeastMs: 0 };
      })
      .then((sent) => {
        if (sent.kind === 'sent') return landed(message, view, rendering);
        message.unsaidSince = unsaidSince ?? message.launchedAt;
        message.newsSince = newsSince;
        message.askedSince = askedSince;
        message.touched = true;
        return missed(message, view, sent);
      })
      .catch((error: unknown) => log.error({ migration: message.id, err: error }, 'the publisher stumbled'))
      .finally(() => {
        message.inFlight = false;
        flights.delete(flight);
        alarm.ring();
      });
    flights.add(flight);
  }

  function landed(message: Message, view: MigrationView, rendering: Rendering): void {
    const { id, failures } = message;
    if (failures > 0) log.info({ migration: id, failures }, 'the status got out again');
    message.sentKey = rendering.key;
    message.sentSignature = rendering.signature;
    message.sentAt = message.launchedAt;
    message.failures = 0;
    // What came meanwhile is judged against what was sent now.
    message.touched ||= message.unsaidSince !== null;
    if (hasEnded(view.phase) && message.unsaidSince === null) message.view = null;
    outages.over(id);
    try {
      if (store.note(toldKey(id)) !== stageOf(view)) store.setNote(toldKey(id), stageOf(view));
    } catch (error) {
      log.warn({ migration: id, err: error }, 'it could not be written down what was told; it is sent again on start');
    }
  }

  function missed(message: Message, { phase }: MigrationView, sent: Exclude<Sent, { kind: 'sent' }>): void {
    if (sent.kind === 'again') return;
    outages.blocked(message.id);
    if (sent.kind === 'limited') {
      budget.pause(sent.pauseMs);
      return;
    }
    message.failures += 1;
    // In an archived channel the last state may wait for ever: it must not use up the updates of others.
    const atMostMs = hasEnded(phase) ? ENDED_APART_MS : LIVE_APART_MS;
    message.notBefore = clock.monotonicMs() + Math.max(sent.atLeastMs, backoffMs(message.failures, atMostMs));
  }

  function touch(id: MigrationId): Message {
    const message = messageOf(id);
    message.touched = true;
    alarm.ring();
    return message;
  }

  async function loop(): Promise<void> {
    while (!ending.signal.aborted) await alarm.wait(safely(false));
  }

  function safely(last: boolean): number {
    try {
      return pump(last);
    } catch (error) {
      log.error({ err: error }, 'the publisher stumbled');
      return STUMBLED_MS;
    }
  }

  return {
    changed: (id) => void touch(id),
    refresh(id) {
      const message = touch(id);
      const now = clock.monotonicMs();
      message.askedSince ??= Math.max(now, message.sentAt + RECENT_MS);
      if (now - message.launchedAt >= RECENT_MS) message.notBefore = now;
    },
    hasTold(id, view) {
      try {
        return store.note(toldKey(id)) === stageOf(view) && !outages.isOwed(id);
      } catch (error) {
        log.warn({ migration: id, err: error }, 'it cannot be read what was told last');
        return false;
      }
    },
    staleSeconds: () => outages.seconds(),
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
