/**
 * Hands out files in the threads: the chart and the closing report when a migration has ended, the list of shards when
 * it has more than its message can show. Owns what was handed out (durable notes). Each once: after a restart, or when no
 * answer came, it looks at the thread first. Never throws into the engine, and nothing waits for it; what cannot be
 * handed out is logged.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../clock.ts';
import { hasEnded } from '../../domain/phase.ts';
import type { MigrationId } from '../../domain/plan.ts';
import { CSV_ABOVE_SHARDS } from '../../domain/report/csv.ts';
import type { MigrationView } from '../../domain/view.ts';
import type { MigrationService } from '../../engine/service.ts';
import type { Log } from '../../log.ts';
import type { Store } from '../../store/store.ts';
import { backoffMs } from '../alarm.ts';
import { isSlackProblem } from '../api.ts';
import { isThreadGone, type Poster } from '../post.ts';
import { chartParcel, csvParcel, type Parcel, type ParcelDeps, reportParcel } from './parcels.ts';
import type { Place, Uploader } from './uploader.ts';

export interface HandoutDeps extends ParcelDeps {
  readonly service: Pick<MigrationService, 'view' | 'report' | 'samples'>;
  readonly uploader: Uploader;
  readonly poster: Poster;
  readonly store: Pick<Store, 'note' | 'setNote'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The message that the thread hangs from is not there any more. */
  readonly gone: (id: MigrationId) => void;
}

export interface Handouts {
  /** Something may have to be handed out. Returns at once. */
  changed(id: MigrationId): void;
  /** Whether there is nothing left to hand out, now or later. */
  isComplete(id: MigrationId): boolean;
  /**
   * Into the thread because somebody asked for it. `busy`: the same is being made. Rejects with a SlackProblem, or with
   * why it could not be drawn.
   */
  onRequest(view: MigrationView, what: OnRequest): Promise<'done' | 'nothing' | 'busy'>;
  /** Lets what is under way end, for at most `graceMs`. May be called twice. */
  stop(graceMs: number): Promise<void>;
}

export type OnRequest = 'chart' | 'csv';

type Kind = 'shards' | 'chart' | 'report';

const KINDS: readonly Kind[] = ['shards', 'chart', 'report'];
/** Ticks come once a second; so often it is looked whether anything is due. */
const LOOK_MS = 2_000;
const ATTEMPTS = 7;
/** A migration that ended longer ago was told of by an earlier version, or nobody waits for it any more. */
const LATE_MS = 24 * 3_600_000;

export function createHandouts(deps: HandoutDeps): Handouts {
  const { service, uploader, store, clock, log } = deps;
  const complete = new Set<MigrationId>();
  const running = new Map<MigrationId, Promise<void>>();
  const again = new Set<MigrationId>();
  /** What the disk may not have taken. */
  const done = new Set<string>();
  /** What somebody has asked for and that is being made. */
  const asked = new Set<string>();
  const ending = new AbortController();
  // One for each migration that is looked at.
  setMaxListeners(Number.POSITIVE_INFINITY, ending.signal);
  /** Parcels that were tried by this process and are known not to be there. */
  const sure = new Set<string>();

  function isDone(id: MigrationId, kind: Kind): boolean {
    return done.has(noteKey(id, kind)) || store.note(noteKey(id, kind)) !== null;
  }

  function dueOf(view: MigrationView): Kind[] {
    const ended = hasEnded(view.phase);
    const late = ended && clock.now() - Date.parse(view.phaseSince) > LATE_MS;
    return KINDS.filter((kind) => {
      if (late || isDone(view.id, kind)) return false;
      return kind === 'shards' ? isSharded(view) : ended;
    });
  }

  async function look(id: MigrationId): Promise<void> {
    await clock.sleep(LOOK_MS, ending.signal);
    const view = service.view(id);
    if (view === null || view.messageTs === null || ending.signal.aborted) return;
    for (const kind of dueOf(view)) await handOut(id, kind);
    // What Slack did not take by now is tried again with the next change, which the end of its outage is.
    if (!ending.signal.aborted && hasEnded(view.phase) && dueOf(view).length === 0) complete.add(id);
  }

  async function handOut(id: MigrationId, kind: Kind): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS && !ending.signal.aborted; attempt++) {
      const view = service.view(id);
      if (view === null || view.messageTs === null) return;
      try {
        const outcome = await share(view, { channel: view.channel, threadTs: view.messageTs }, kind);
        return remember(id, kind, outcome);
      } catch (error) {
        const problem = isSlackProblem(error) ? error : null;
        log.warn({ migration: id, kind, attempt, code: problem?.code, ...(problem ? {} : { err: error }) }, NOT_NOW);
        if (problem === null) return remember(id, kind, 'failed');
        if (problem.kind === 'unreachable') sure.delete(noteKey(id, kind));
        if (isThreadGone(error)) deps.gone(id);
        else if (problem.kind === 'refused') return refused(view, kind, problem.code);
        await clock.sleep(Math.max(problem.retryAfterMs, backoffMs(attempt)), ending.signal);
      }
    }
  }

  /** What is noted: `done`, or `nothing` where there was nothing to hand out. */
  async function share(view: MigrationView, place: Place, kind: Kind): Promise<string> {
    const parcel = await parcelOf(view, kind);
    if (parcel === null) return 'nothing';
    if (!sure.has(noteKey(view.id, kind)) && (await isThere(view, place, parcel))) return 'done';
    sure.add(noteKey(view.id, kind));
    await uploader.share(place, parcel.comment, parcel.files);
    return 'done';
  }

  async function isThere(view: MigrationView, place: Place, parcel: Parcel): Promise<boolean> {
    try {
      return await uploader.isShared(place, parcel.files[0].name);
    } catch (error) {
      if (!isSlackProblem(error) || error.kind !== 'refused' || isThreadGone(error)) throw error;
      log.info({ migration: view.id, code: error.code }, 'may not look through the thread before a file is posted');
      return false;
    }
  }

  async function parcelOf(view: MigrationView, kind: Kind): Promise<Parcel | null> {
    if (kind === 'shards') return csvParcel(deps, view, '-in-step');
    return kind === 'chart' ? chartParcel(deps, view) : reportParcel(deps, view, view.shards.length > CSV_ABOVE_SHARDS);
  }

  /** Slack does not take files here; people hear of it once. */
  async function refused(view: MigrationView, kind: Kind, code: string): Promise<void> {
    const told = KINDS.some((one) => store.note(noteKey(view.id, one))?.startsWith('refused') === true);
    remember(view.id, kind, `refused ${code}`);
    if (told || view.messageTs === null || code === 'is_archived') return;
    const text = `⚠️ Slack took no files here (\`${code}\`), so the chart and the report are missing. If the bot is not in this channel, invite it; then \`/redis-migrate status ${view.id} --chart\` brings the chart. The report is at the admin server under \`/migrations/${view.id}/report.md\`.`;
    const metadata = { event_type: 'redis_migrate_files', event_payload: { migration: view.id } };
    await deps.poster
      .post({ channel: view.channel, threadTs: view.messageTs, text, metadata })
      .catch((error: unknown) => log.warn({ migration: view.id, err: error }, NOT_NOW));
  }

  function remember(id: MigrationId, kind: Kind, outcome: string): void {
    done.add(noteKey(id, kind));
    try {
      store.setNote(noteKey(id, kind), outcome);
    } catch (error) {
      log.warn({ migration: id, err: error }, 'What was handed out cannot be noted');
    }
  }

  async function putNow(view: MigrationView, what: OnRequest): Promise<'done' | 'nothing'> {
    if (view.messageTs === null) return 'nothing';
    const mark = `-${new Date(clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
    const parcel = what === 'csv' ? csvParcel(deps, view, mark) : await chartParcel(deps, view, mark);
    if (parcel === null) return 'nothing';
    await uploader.share({ channel: view.channel, threadTs: view.messageTs }, parcel.comment, parcel.files);
    return 'done';
  }

  function changed(id: MigrationId): void {
    if (complete.has(id) || ending.signal.aborted) return;
    if (running.has(id)) {
      again.add(id);
      return;
    }
    const work = look(id)
      .catch((error: unknown) => log.error({ migration: id, err: error }, 'handing out files stumbled'))
      .finally(() => {
        running.delete(id);
        // It may have ended between the look and now, after which nothing changes any more.
        if (again.delete(id)) changed(id);
      });
    running.set(id, work);
  }

  return {
    changed,

    isComplete: (id) => isDone(id, 'report'),

    async onRequest(view, what) {
      const key = `${what} ${view.id}`;
      if (asked.has(key)) return 'busy';
      asked.add(key);
      try {
        return await putNow(view, what);
      } finally {
        asked.delete(key);
      }
    },

    async stop(graceMs) {
      ending.abort();
      const over = new AbortController();
      await Promise.race([Promise.all(running.values()), clock.sleep(graceMs, over.signal)]);
      over.abort();
    },
  };
}

const NOT_NOW = 'Files cannot be handed out now';

/** Above this its message shows the worst ones only. Handed out when all were in step for the first time. */
function isSharded(view: MigrationView): boolean {
  return view.shards.length > CSV_ABOVE_SHARDS && (view.phase === 'streaming' || view.phase === 'switching');
}

function noteKey(id: MigrationId, kind: Kind): string {
  return `files-${kind}:${id}`;
}
