/** Stand-ins for the floors below the Slack room: a scripted engine, a clock that a test moves, an API that records. */
import type { Clock } from '../../src/clock.ts';
import type { Event, JournalRow, Side } from '../../src/domain/event.ts';
import type { Gate, Phase } from '../../src/domain/phase.ts';
import type { Plan, PlanRequest } from '../../src/domain/plan.ts';
import type { PreflightReport } from '../../src/domain/preflight.ts';
import type { Report } from '../../src/domain/report/report.ts';
import type { Sample } from '../../src/domain/sample.ts';
import type { ServerView, ShardDetail } from '../../src/domain/shard-detail.ts';
import type { ActionView, GateView, JournalView, MigrationView, ShardView } from '../../src/domain/view.ts';
import { journalView } from '../../src/domain/view-of.ts';
import type { ClickAnswer, ClickRequest, ClickTicket, MigrationService, Refusal } from '../../src/engine/service.ts';
import { type SlackApi, SlackProblem, type SlackResult } from '../../src/slack/api.ts';
import type { HomeModel } from '../../src/slack/blocks/home.ts';
import type { InboxItem, Store } from '../../src/store/store.ts';

export const ANA = 'U0000000ANA';
export const BEN = 'U0000000BEN';
export const EVE = 'U0000000EVE';
const AT = '2024-05-01T10:00:00.000Z';

export function shardView(index: number, patch: Partial<ShardView> = {}): ShardView {
  return {
    index,
    source: `old-${index + 1}:6379`,
    destination: `new-${index + 1}:6379`,
    state: 'in_step',
    percent: 100,
    bytesPerSecond: 0,
    etaSeconds: 0,
    lagBytes: 0,
    bufferBytes: 1024,
    sourceWritesPerSecond: 12.5,
    sourceClients: 3,
    fullSyncs: 1,
    pauseMs: null,
    verified: null,
    reason: null,
    keys: 20_000,
    bytes: 3_000_000,
    ...patch,
  };
}

export function gateView(gate: Gate, patch: Partial<GateView> = {}): GateView {
  return { gate, open: false, reason: 'Opens later.', approvals: [], needed: 1, ...patch };
}

export function actionView(patch: Partial<ActionView> = {}): ActionView {
  return {
    action: 'gate:continue',
    value: 'entry-1',
    ask: 'confirm',
    consequence: 'Replication of 3 shards starts.',
    ...patch,
  };
}

/** As the engine would sum it up, shards alike. */
function progressOf(shards: readonly ShardView[]): MigrationView['progress'] {
  const sum = (figures: readonly (number | null)[]) => figures.reduce<number>((total, one) => total + (one ?? 0), 0);
  return {
    percent: shards.length === 0 ? null : sum(shards.map((one) => one.percent)) / shards.length,
    bytesPerSecond: sum(shards.map((one) => one.bytesPerSecond)),
    etaSeconds: Math.max(0, ...shards.map((one) => one.etaSeconds ?? 0)),
  };
}

export function view(patch: Partial<MigrationView> = {}): MigrationView {
  return {
    id: 'm-7k3q',
    name: 'orders',
    phase: 'planned',
    waitingFor: 'Somebody has to approve continue.',
    cutover: 'fenced',
    requestedBy: ANA,
    channel: 'C000000OPS',
    messageTs: '1700000000.000100',
    totals: { servers: 3, keys: 60_000, bytes: 9_000_000 },
    findings: [],
    shards: [shardView(0), shardView(1), shardView(2)],
    gates: [
      gateView('continue', { open: true, reason: 'Replication of 3 shards will start.' }),
      gateView('switch'),
      gateView('finish'),
    ],
    journal: [],
    progress: progressOf(patch.shards ?? [shardView(0), shardView(1), shardView(2)]),
    createdAt: AT,
    phaseSince: AT,
    asOf: AT,
    actions: [actionView()],
    lateClients: [],
    predictedPauseMs: null,
    wayBack: null,
    canary: null,
    reason: null,
    schedule: null,
    lateWriters: null,
    axe: null,
    ...patch,
  };
}

export function serverView(side: Side, patch: Partial<ServerView> = {}): ServerView {
  return {
    side,
    address: side === 'source' ? 'old-1:6379' : 'new-1:6379',
    problem: null,
    from: 'look',
    kind: 'redis',
    version: '7.2.4',
    role: side === 'source' ? 'master' : 'replica',
    follows: side === 'source' ? null : { address: 'old-1:6379', linkUp: true, fence: false },
    runId: '0123456789abcdef0123456789abcdef01234567',
    keys: 20_000,
    expiringKeys: 300,
    bytes: 3_000_000,
    maxmemoryBytes: 0,
    clients: 3,
    stream: { offset: '123456', replid: 'fedcba9876543210fedcba9876543210fedcba98', before: null },
    ...patch,
  };
}

export function shardDetail(of: MigrationView, index: number, events: readonly JournalView[] = []): ShardDetail {
  const shard = of.shards[index] ?? shardView(index);
  const { id, name, phase, asOf } = of;
  return {
    migration: { id, name, phase, asOf },
    of: of.shards.length,
    shard,
    servers: [
      serverView('source', { address: shard.source }),
      serverView('destination', { address: shard.destination }),
    ],
    settings: [],
    events,
    hasOlder: false,
  };
}

export function homeModel(patch: Partial<HomeModel> = {}): HomeModel {
  return {
    waiting: [],
    running: [],
    ended: [],
    links: new Map(),
    maySeeSettings: false,
    notice: null,
    at: Date.parse(AT),
    ...patch,
  };
}

export function row(seq: number, event: Event, patch: Partial<JournalRow> = {}): JournalRow {
  return { seq, at: Date.parse(AT) + seq, actor: 'bot', event, text: `Row ${seq}.`, shard: null, ...patch };
}

export function entered(seq: number, phase: Phase, text = `Now ${phase}.`): JournalRow {
  return row(seq, { kind: 'phase_entered', phase, reason: '' }, { text });
}

/** Time stands still until a test moves it; then every sleep that is due ends, in order. */
export class ManualClock implements Clock {
  #now = 1_000;
  #sleeps: { at: number; end: () => void }[] = [];

  now(): number {
    return 1_700_000_000_000 + this.#now;
  }

  monotonicMs(): number {
    return this.#now;
  }

  /** Moves time without waking anybody. */
  skip(ms: number): void {
    this.#now += ms;
  }

  randomBytes(count: number): Uint8Array {
    return new Uint8Array(count);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const sleep = { at: this.#now + ms, end: resolve };
      this.#sleeps.push(sleep);
      signal?.addEventListener('abort', () => {
        this.#sleeps = this.#sleeps.filter((one) => one !== sleep);
        resolve();
      });
    });
  }

  /** Moves time, stopping at each sleep's end, and lets everything that follows from it happen. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await drain();
    for (;;) {
      const next = this.#sleeps.filter((one) => one.at <= until).toSorted((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#sleeps = this.#sleeps.filter((one) => one !== next);
      this.#now = Math.max(this.#now, next.at);
      next.end();
      await drain();
    }
    this.#now = until;
    await drain();
  }
}

/** Lets promises that are ready run. */
export async function drain(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export interface RecordedCall {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly at: number;
}

type Script = (call: RecordedCall) => SlackResult | SlackProblem | Promise<SlackResult> | undefined;

/** Answers ok to everything unless the script says otherwise. Posts get growing `ts`. */
export class FakeApi implements SlackApi {
  readonly calls: RecordedCall[] = [];
  script: Script = () => undefined;
  readonly #clock: Clock;
  #ts = 1_700_000_100;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async call(method: string, args: Readonly<Record<string, unknown>>): Promise<SlackResult> {
    const call = { method, args, at: this.#clock.monotonicMs() };
    this.calls.push(call);
    const answer = await this.script(call);
    if (answer instanceof SlackProblem) throw answer;
    if (answer !== undefined) return answer;
    if (method === 'chat.postMessage') return { ok: true, ts: `${this.#ts++}.000100` };
    if (method === 'chat.getPermalink')
      return { ok: true, permalink: `https://sandbox.slack.com/p${String(args['message_ts'])}` };
    if (method.startsWith('conversations.')) return { ok: true, messages: [] };
    return { ok: true };
  }

  of(method: string): RecordedCall[] {
    return this.calls.filter((call) => call.method === method);
  }
}

export class MemoryStore implements Pick<Store, 'putInbox' | 'inbox' | 'settleInbox' | 'note' | 'setNote'> {
  readonly items = new Map<string, InboxItem>();
  readonly notes = new Map<string, string>();

  putInbox(item: InboxItem): boolean {
    if (this.items.has(item.id)) return false;
    this.items.set(item.id, item);
    return true;
  }

  inbox(): readonly InboxItem[] {
    return [...this.items.values()];
  }

  settleInbox(id: string): void {
    this.items.delete(id);
  }

  note(key: string): string | null {
    return this.notes.get(key) ?? null;
  }

  setNote(key: string, value: string): void {
    this.notes.set(key, value);
  }
}

/** An engine whose state a test writes. Drafts any plan whose tokens hold no "bad". */
export class FakeService implements MigrationService {
  readonly all = new Map<string, MigrationView>();
  readonly journal = new Map<string, JournalRow[]>();
  readonly reports = new Map<string, Report>();
  readonly series = new Map<string, readonly Sample[]>();
  readonly clicks: ClickRequest[] = [];
  readonly moved: { id: string; ts: string; why: string }[] = [];
  readonly opened: { plan: Plan; ts: string }[] = [];
  readonly drafted: PlanRequest[] = [];
  answer: ClickAnswer = { accepted: true, text: 'Approved.' };
  hosts: Refusal | null = null;
  openRefusal: Refusal | null = null;
  /** What is known of a shard beside its view, by migration and number. */
  readonly details = new Map<string, ShardDetail>();
  /** Waited for before a host check answers. */
  slow: Promise<void> = Promise.resolve();
  #listeners = new Set<(id: string) => void>();
  #ids = 0;

  put(next: MigrationView): void {
    this.all.set(next.id, next);
    this.change(next.id);
  }

  patch(id: string, patch: Partial<MigrationView>): void {
    const before = this.all.get(id);
    if (before) this.put({ ...before, ...patch });
  }

  tell(id: string, ...rows: JournalRow[]): void {
    this.journal.set(id, [...(this.journal.get(id) ?? []), ...rows]);
    this.change(id);
  }

  change(id: string): void {
    for (const listener of this.#listeners) listener(id);
  }

  draft(
    request: PlanRequest,
    by: { readonly user: string; readonly channel: string },
  ): { ok: true; plan: Plan } | Refusal {
    this.drafted.push(request);
    const bad = request.sources.find((one) => one.includes('bad'));
    if (bad !== undefined) return { ok: false, problems: [{ field: 'sources', text: `${bad}: not a host name.` }] };
    if (request.sources.length !== request.destinations.length) {
      return {
        ok: false,
        problems: [{ field: 'destinations', text: 'There are not as many new servers as old ones.' }],
      };
    }
    const endpoint = (text: string) => {
      const [host = '', port] = text.replace(/^rediss?:\/\//, '').split(':');
      return { host, port: Number(port ?? 6379), tls: false };
    };
    const plan: Plan = {
      id: `m-${String(this.#ids++).padStart(4, '0')}`,
      name: request.name ?? 'orders',
      shards: request.sources.map((source, index) => ({
        index,
        source: endpoint(source),
        destination: endpoint(request.destinations[index] ?? ''),
      })),
      cutover: request.cutover ?? 'fenced',
      yesWipe: request.yesWipe,
      requestedBy: by.user,
      channel: by.channel,
      createdAt: Date.now(),
      ...(request.reason === undefined ? {} : { reason: request.reason }),
    };
    return { ok: true, plan };
  }

  async checkHosts(): Promise<Refusal | null> {
    await this.slow;
    return this.hosts;
  }

  open(plan: Plan, messageTs: string): { ok: true } | Refusal {
    if (this.openRefusal) return this.openRefusal;
    this.opened.push({ plan, ts: messageTs });
    this.put(
      view({
        id: plan.id,
        name: plan.name,
        phase: 'checking',
        channel: plan.channel,
        requestedBy: plan.requestedBy,
        messageTs,
        actions: [],
      }),
    );
    this.tell(
      plan.id,
      row(
        1,
        { kind: 'requested', plan, messageTs },
        { text: 'Asked for “orders”: 1 shard, cut-over fenced.', actor: plan.requestedBy },
      ),
    );
    return { ok: true };
  }

  check(plan: Plan): Promise<PreflightReport> {
    return Promise.resolve({
      totals: { servers: plan.shards.length, keys: 60_000, bytes: 9_000_000 },
      findings: [
        { level: 'error', shard: 0, code: 'unreachable', text: 'new-1:6379 does not answer.', fix: 'Start it.' },
      ],
      shards: [],
    });
  }

  click(request: ClickRequest): ClickTicket | null {
    this.clicks.push(request);
    return this.all.has(request.migration) ? { migration: request.migration, seq: this.clicks.length } : null;
  }

  settleClick(): Promise<ClickAnswer> {
    return Promise.resolve(this.answer);
  }

  view(id: string): MigrationView | null {
    return this.all.get(id) ?? null;
  }

  views(which: 'running' | 'all'): readonly MigrationView[] {
    const ended = ['finished', 'aborted', 'rolled_back'];
    return [...this.all.values()].filter((one) => which === 'all' || !ended.includes(one.phase));
  }

  shard(id: string, index: number, before: number | null): ShardDetail | null {
    const of = this.all.get(id);
    if (!of?.shards[index]) return null;
    const written = this.details.get(`${id} ${index}`);
    const all = (this.journal.get(id) ?? []).filter((one) => one.shard === index && one.seq < (before ?? Infinity));
    const rows = all.toReversed().slice(0, 10);
    return { ...shardDetail(of, index, rows.map(journalView)), hasOlder: all.length > rows.length, ...written };
  }

  rows(id: string, after: number): readonly JournalRow[] {
    return (this.journal.get(id) ?? []).filter((one) => one.seq > after);
  }

  report(id: string): Report | null {
    return this.reports.get(id) ?? null;
  }

  samples(id: string): readonly Sample[] {
    return this.series.get(id) ?? [];
  }

  messagePosted(id: string, ts: string, why: string): void {
    this.moved.push({ id, ts, why });
    this.patch(id, { messageTs: ts });
  }

  slackWasAway(id: string, from: number, to: number): void {
    const seq = (this.journal.get(id)?.at(-1)?.seq ?? 0) + 1;
    this.tell(id, row(seq, { kind: 'slack_away', from, to }, { text: 'Slack did not take updates.' }));
  }

  onChange(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
