/**
 * A Slack workspace inside this process, for tests and for the demo. Real HTTP and real WebSockets on loopback, nothing
 * leaves the machine. It refuses what Slack refuses. It owns all that its parts own and ends with `close()`, which may
 * be called twice; what was waited for then fails by its own deadline.
 */
import { applyResponse } from './answers.ts';
import { takeUpload } from './api/files.ts';
import { type AllParts, assemble, type Credentials, makeCredentials, type SandboxSlackOptions } from './assemble.ts';
import type { Fault, MethodPattern } from './faults.ts';
import type { Interaction } from './interaction.ts';
import { Look } from './look.ts';
import type { ClickOptions } from './on-screen.ts';
import type { CommandOptions, ShortcutOptions, SubmitOptions, SuggestOptions } from './people.ts';
import { listen, type SandboxServer } from './server.ts';
import type { DisconnectHow } from './socket-mode.ts';
import type { SandboxChannel, SandboxMessage, SandboxUser, SandboxUserGroup } from './workspace.ts';

export async function startSandboxSlack(options: SandboxSlackOptions = {}): Promise<SandboxSlack> {
  const credentials = makeCredentials(options);
  let server: SandboxServer | null = null;
  const origin = () => `http://127.0.0.1:${server?.port ?? 0}`;
  const parts: AllParts = assemble(options, credentials, { origin, describe: () => slack.describe() });
  const { workspace, tickets, uploads, api, sockets } = parts;
  server = await listen(options.port ?? 0, {
    api,
    sockets,
    respond: (id, body) => applyResponse(workspace, tickets.useResponse(id), body, 'response_url'),
    upload: (id, content) => takeUpload(uploads.get(id), content),
  });
  const slack = new SandboxSlack(parts, credentials, server);
  return slack;
}

export class SandboxSlack extends Look {
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  /** What SLACK_API_URL has to be. */
  readonly apiUrl: string;
  readonly #parts: AllParts;
  readonly #server: SandboxServer;
  #closed: Promise<void> | null = null;

  constructor(parts: AllParts, credentials: Credentials, server: SandboxServer) {
    super(parts);
    this.#parts = parts;
    this.#server = server;
    this.botToken = credentials.botToken;
    this.appToken = credentials.appToken;
    this.signingSecret = credentials.signingSecret;
    this.apiUrl = `http://127.0.0.1:${server.port}/api/`;
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  // People and places.

  addUser(user: Pick<SandboxUser, 'id' | 'name'> & Partial<SandboxUser>): SandboxUser {
    return this.#parts.workspace.addUser(user);
  }

  addUserGroup(group: SandboxUserGroup): void {
    this.#parts.workspace.addUserGroup(group);
  }

  addChannel(channel: Pick<SandboxChannel, 'id' | 'name'> & Partial<SandboxChannel>): SandboxChannel {
    return this.#parts.workspace.addChannel(channel);
  }

  // What people do.

  command(options: CommandOptions): Promise<Interaction> {
    return this.#parts.people.command(options);
  }

  shortcut(options: ShortcutOptions): Promise<Interaction> {
    return this.#parts.people.shortcut(options);
  }

  click(options: ClickOptions): Promise<Interaction> {
    return this.#parts.people.click(options);
  }

  submit(options: SubmitOptions): Promise<Interaction> {
    return this.#parts.people.submit(options);
  }

  closeView(options: { readonly user: string; readonly viewId: string }): Promise<Interaction> {
    return this.#parts.people.closeView(options);
  }

  suggest(options: SuggestOptions): Promise<Interaction> {
    return this.#parts.people.suggest(options);
  }

  openHome(user: string): Promise<Interaction> {
    return this.#parts.people.openHome(user);
  }

  /** A person writes into a channel. The bot hears nothing of it. */
  say(options: {
    readonly user: string;
    readonly channel: string;
    readonly text: string;
    readonly threadTs?: string;
  }): SandboxMessage {
    const channel = this.#parts.people.channel(options.channel).id;
    const { id } = this.#parts.people.user(options.user);
    return this.#parts.workspace.post({
      channel,
      user: id,
      text: options.text,
      blocks: [],
      thread_ts: options.threadTs ?? null,
    });
  }

  // Trouble.

  /** Null: Socket Mode. */
  setHttpTarget(url: string | null): void {
    this.#parts.delivery.httpTarget = url;
  }

  rateLimit(options: {
    readonly method: MethodPattern;
    readonly times: number;
    readonly retryAfterSeconds: number;
  }): void {
    this.fault(options.method, { kind: 'ratelimit', retryAfterSeconds: options.retryAfterSeconds }, options.times);
  }

  failNext(options: { readonly method: MethodPattern; readonly error: string; readonly times?: number }): void {
    this.fault(options.method, { kind: 'error', error: options.error }, options.times ?? 1);
  }

  fault(method: MethodPattern, fault: Fault, times = 1): void {
    this.#parts.faults.add(method, fault, times);
  }

  clearFaults(): void {
    this.#parts.faults.clear();
    this.#parts.sockets.refusing = false;
    this.#parts.sockets.loseAcks(0);
  }

  setLatency(ms: number, method: MethodPattern = '*'): void {
    this.#parts.faults.setLatency(ms, method);
  }

  disconnectSockets(how: DisconnectHow = 'drop'): void {
    this.#parts.sockets.disconnect(how);
  }

  /** Whether new Socket Mode connections are refused. */
  refuseSockets(refusing: boolean): void {
    this.#parts.sockets.refusing = refusing;
  }

  /** The next acknowledgements are lost on their way: the bot believes that it answered. */
  loseAcks(times: number): void {
    this.#parts.sockets.loseAcks(times);
  }

  deleteMessage(channel: string, ts: string): void {
    if (!this.#parts.workspace.delete(this.#parts.people.channel(channel).id, ts))
      throw new Error(`There is no message ${ts} to delete.`);
  }

  archiveChannel(channel: string): void {
    this.addChannel({ ...this.#parts.people.channel(channel), archived: true });
  }

  setBotMembership(channel: string, botIsMember: boolean): void {
    this.addChannel({ ...this.#parts.people.channel(channel), botIsMember });
  }

  /** As if half an hour had gone by for all response URLs handed out so far. */
  expireResponseUrls(): void {
    this.#parts.tickets.expireResponses();
  }

  async #end(): Promise<void> {
    this.#parts.delivery.close();
    this.#parts.sockets.close();
    await this.#server.close();
  }
}
