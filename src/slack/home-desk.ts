/**
 * Keeps the Home tabs of those who opened theirs lately up to date. Owns who that is and what each of them was shown, in
 * memory only: after a crash nothing is owed, a tab is drawn when it is opened. Draws at once for whoever opens it or
 * clicks in it, else at most every 15 s a person, only what changed, all within a budget of its own. Never holds anybody
 * up; when Slack is away, a tab stays as old as it says it is.
 */
import type { Clock } from '../clock.ts';
import { hasEnded } from '../domain/phase.ts';
import type { MigrationId } from '../domain/plan.ts';
import type { MigrationView } from '../domain/view.ts';
import { waitsFor } from '../domain/waits-for.ts';
import type { Authorizer, MigrationService } from '../engine/service.ts';
import type { Log } from '../log.ts';
import { createAlarm } from './alarm.ts';
import { isSlackProblem, type SlackApi } from './api.ts';
import { type HomeRendering, MOST_ENDED, MOST_RUNNING, MOST_WAITING, renderHome } from './blocks/home.ts';
import type { Links } from './links.ts';
import { createRateBudget } from './rate-budget.ts';

export interface HomeDeskDeps {
  readonly api: SlackApi;
  readonly service: Pick<MigrationService, 'views'>;
  readonly authorizer: Authorizer;
  readonly links: Links;
  /** Whether a requester's approval of their own migration counts. */
  readonly approveOwn: boolean;
  /** Whether there are settings that can be shown. */
  readonly hasSettings: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HomeDesk {
  /** Somebody opened their tab: it is drawn now, and kept fresh for ten minutes. */
  opened(user: string): void;
  /** Somebody clicked in their tab: drawn again at once, with `notice` in it. The text is escaped already. */
  clicked(user: string, notice: string | null): void;
  /** Something about this migration may have changed. Returns at once. */
  changed(id: MigrationId): void;
  /** What all tabs show has become different. */
  stale(): void;
  start(): void;
  /** What is not drawn by then is not owed. May be called twice. */
  stop(): Promise<void>;
}

const LATELY_MS = 600_000;
const APART_MS = 15_000;
const AFTER_TROUBLE_MS = 60_000;
/** Of the hundred `views.*` calls a minute, so that forms always find room: 40 + 10 in the worst minute. */
const VIEWS_PUBLISH = { perMinute: 40, burst: 10 };

/** `now`: whoever looks at it waits for it. */
type Wanted = 'now' | 'when due';
/** Calls that are left for those who wait. */
const SPARE: Readonly<Record<Wanted, number>> = { now: 0, 'when due': 5 };

interface Viewer {
  readonly user: string;
  openedAt: number;
  wanted: Wanted | null;
  notice: string | null;
  inFlight: boolean;
  /** When it was last drawn, or found to be as it is. */
  lookedAt: number;
  notBefore: number;
  sentKey: string | null;
}

export function createHomeDesk(deps: HomeDeskDeps): HomeDesk {
  const { api, service, authorizer, links, clock, log } = deps;
  const viewers = new Map<string, Viewer>();
  const budget = createRateBudget(clock, VIEWS_PUBLISH);
  const alarm = createAlarm(clock);
  const ending = new AbortController();
  let running: Promise<void> | null = null;
  /** Those that ended last, until another one does; making views of all that ever were takes its time. */
  let ended: readonly MigrationView[] | null = null;
  /** Ids of those that were running when a tab was drawn last. */
  let ran: ReadonlySet<MigrationId> = new Set();

  function runningNow(): readonly MigrationView[] {
    const now = service.views('running');
    const ids = new Set(now.map((view) => view.id));
    if ([...ran].some((id) => !ids.has(id))) ended = null;
    ran = ids;
    return now;
  }

  function endedOfLate(): readonly MigrationView[] {
    ended ??= service
      .views('all')
      .filter((view) => hasEnded(view.phase))
      .toSorted((a, b) => (a.phaseSince < b.phaseSince ? 1 : -1))
      .slice(0, MOST_ENDED);
    return ended;
  }

  async function render({ user, notice }: Viewer): Promise<HomeRendering> {
    const permission = await authorizer.mayApprove(user);
    const now = runningNow();
    const waiting = waitsFor(user, { approve: permission.ok, approveOwn: deps.approveOwn }, now);
    const shown = [...waiting.slice(0, MOST_WAITING).map((one) => one.view), ...now.slice(0, MOST_RUNNING)];
    return renderHome({
      waiting,
      running: now,
      ended: endedOfLate(),
      links: links.of([...shown, ...endedOfLate()]),
      maySeeSettings: permission.ok && deps.hasSettings,
      notice,
      at: clock.now(),
    });
  }

  async function draw(viewer: Viewer, wanted: Wanted): Promise<void> {
    const { notice } = viewer;
    const { view, key } = await render(viewer);
    viewer.lookedAt = clock.monotonicMs();
    if (wanted === 'when due' && key === viewer.sentKey) return;
    if (!budget.take(SPARE[wanted])) {
      viewer.wanted ??= wanted;
      return;
    }
    await api.call('views.publish', { user_id: viewer.user, view });
    viewer.sentKey = key;
    if (viewer.notice === notice) viewer.notice = null;
  }

  function launch(viewer: Viewer, wanted: Wanted): void {
    viewer.wanted = null;
    viewer.inFlight = true;
    void draw(viewer, wanted)
      .catch((error: unknown) => {
        viewer.wanted ??= 'when due';
        viewer.notBefore = clock.monotonicMs() + AFTER_TROUBLE_MS;
        if (isSlackProblem(error)) {
          if (error.kind === 'rate_limited') budget.pause(error.retryAfterMs);
          log.info({ code: error.code }, 'a Home tab could not be drawn');
        } else log.error({ err: error }, 'a Home tab could not be made');
      })
      .finally(() => {
        viewer.inFlight = false;
        alarm.ring();
      });
  }

  /** Starts what may start now. Returns how long nothing else can. */
  function pump(): number {
    const now = clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    for (const viewer of viewers.values()) {
      if (now - viewer.openedAt > LATELY_MS) viewers.delete(viewer.user);
      else if (viewer.wanted !== null && !viewer.inFlight) {
        const { wanted } = viewer;
        const at = wanted === 'now' ? now : Math.max(viewer.notBefore, viewer.lookedAt + APART_MS);
        const waitMs = Math.max(at - now, budget.msUntil(SPARE[wanted]));
        if (waitMs > 0) next = Math.min(next, waitMs);
        else launch(viewer, wanted);
      }
    }
    return next;
  }

  async function loop(): Promise<void> {
    while (!ending.signal.aborted) await alarm.wait(pump());
  }

  function want(user: string, notice: string | null): void {
    const now = clock.monotonicMs();
    const never = Number.NEGATIVE_INFINITY;
    const before = viewers.get(user);
    const fresh = { user, inFlight: false, lookedAt: never, notBefore: never, sentKey: null };
    viewers.set(user, Object.assign(before ?? fresh, { openedAt: now, wanted: 'now' as const, notice }));
    alarm.ring();
  }

  function stale(): void {
    for (const viewer of viewers.values()) viewer.wanted ??= 'when due';
    if (viewers.size > 0) alarm.ring();
  }

  return {
    opened: (user) => want(user, null),
    clicked: want,
    changed(id) {
      if (!ran.has(id)) ended = null;
      stale();
    },
    stale,
    start() {
      running ??= loop();
    },
    async stop() {
      ending.abort();
      alarm.ring();
      await running;
    },
  };
}
