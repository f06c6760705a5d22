/**
 * Modals and Home tabs. Owns each person's stack of open modals (three at most) and their Home tab; knows Slack's rules
 * of opening, pushing and updating. A modal opened while another is open takes its place.
 */
import { checkView } from './block-limits.ts';
import { isObject, type JsonObject, stringAt } from './json.ts';
import { refuse, refuseProblems } from './refusal.ts';
import type { SandboxBlock, Workspace } from './workspace.ts';

const STACK = 3;

export interface SandboxView {
  readonly id: string;
  readonly user: string;
  readonly type: 'modal' | 'home';
  readonly callback_id: string;
  readonly private_metadata: string;
  readonly external_id: string;
  /** Changes with every update. */
  readonly hash: string;
  readonly title: string;
  readonly submit: string | null;
  readonly close: string | null;
  readonly clear_on_close: boolean;
  readonly notify_on_close: boolean;
  readonly blocks: readonly SandboxBlock[];
  readonly root_view_id: string;
  readonly previous_view_id: string | null;
  /** What the person sees under the fields after the bot answered with errors: block_id → text. */
  readonly errors: Readonly<Record<string, string>>;
}

export class Views {
  readonly #workspace: Workspace;
  readonly #stacks = new Map<string, SandboxView[]>();
  readonly #homes = new Map<string, SandboxView>();
  #hashes = 0;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** From the bottom of the stack to the top, which is what the person sees. */
  open(user: string): readonly SandboxView[] {
    return this.#stacks.get(user) ?? [];
  }

  home(user: string): SandboxView | null {
    return this.#homes.get(user) ?? null;
  }

  byId(id: string): SandboxView | undefined {
    return this.#find((view) => view.id === id);
  }

  openNew(user: string, input: unknown): SandboxView {
    const view = this.#make(user, input, 'modal', null, true);
    this.#set(user, [view]);
    return view;
  }

  push(user: string, input: unknown): SandboxView {
    const stack = this.open(user);
    const top = stack.at(-1);
    if (top === undefined) refuse('not_found');
    if (stack.length >= STACK) refuse('push_limit_reached');
    const view = this.#make(user, input, 'modal', top, true);
    this.#set(user, [...stack, view]);
    return view;
  }

  update(
    which: { readonly id: string | null; readonly externalId: string | null; readonly hash: string | null },
    input: unknown,
  ): SandboxView {
    const { id, externalId, hash } = which;
    if (id === null && externalId === null) refuse('invalid_arguments');
    const old = this.#find((view) => (id === null ? view.external_id === externalId : view.id === id));
    if (old === undefined) refuse('not_found');
    if (hash !== null && hash !== old.hash) refuse('hash_conflict');
    return this.replace(old, input);
  }

  replace(old: SandboxView, input: unknown): SandboxView {
    const fresh = this.#make(old.user, input, old.type, null, false);
    const view = { ...fresh, id: old.id, root_view_id: old.root_view_id, previous_view_id: old.previous_view_id };
    this.#put(view);
    return view;
  }

  publish(user: string, hash: string | null, input: unknown): SandboxView {
    const old = this.#homes.get(user);
    if (hash !== null && old !== undefined && hash !== old.hash) refuse('hash_conflict');
    const fresh = this.#make(user, input, 'home', null, false);
    const view = old === undefined ? fresh : { ...fresh, id: old.id, root_view_id: old.root_view_id };
    this.#homes.set(user, view);
    this.#workspace.announce({ kind: 'home', user });
    return view;
  }

  setErrors(view: SandboxView, errors: Readonly<Record<string, string>>): void {
    this.#put({ ...view, errors });
  }

  /** Takes the top modal away. */
  close(view: SandboxView): void {
    this.#set(
      view.user,
      this.open(view.user).filter((one) => one.id !== view.id),
    );
  }

  clear(user: string): void {
    this.#set(user, []);
  }

  /** As it stands in payloads and in the answers of views.*. */
  toJson(view: SandboxView): JsonObject {
    const plain = (text: string | null) => (text === null ? null : { type: 'plain_text', text, emoji: true });
    return {
      id: view.id,
      team_id: this.#workspace.teamId,
      type: view.type,
      blocks: view.blocks,
      private_metadata: view.private_metadata,
      callback_id: view.callback_id,
      state: { values: {} },
      hash: view.hash,
      ...(view.type === 'modal'
        ? { title: plain(view.title), submit: plain(view.submit), close: plain(view.close) }
        : {}),
      clear_on_close: view.clear_on_close,
      notify_on_close: view.notify_on_close,
      root_view_id: view.root_view_id,
      previous_view_id: view.previous_view_id,
      app_id: this.#workspace.appId,
      external_id: view.external_id,
      app_installed_team_id: this.#workspace.teamId,
      bot_id: this.#workspace.botId,
    };
  }

  #make(user: string, input: unknown, type: 'modal' | 'home', below: SandboxView | null, fresh: boolean): SandboxView {
    if (!isObject(input)) refuse('invalid_arguments');
    refuseProblems(checkView(input));
    if (input['type'] !== type) refuse('invalid_arguments');
    const externalId = stringAt(input, 'external_id') ?? '';
    const taken = externalId !== '' && this.#find((view) => view.external_id === externalId) !== undefined;
    if (taken && fresh) refuse('duplicate_external_id');
    const id = this.#workspace.nextId('V');
    this.#hashes += 1;
    const blocks = (input['blocks'] as JsonObject[] | undefined) ?? [];
    return {
      id,
      user,
      type,
      callback_id: stringAt(input, 'callback_id') ?? '',
      private_metadata: stringAt(input, 'private_metadata') ?? '',
      external_id: externalId,
      hash: `${Math.floor(this.#workspace.clock.now() / 1000)}.${this.#hashes.toString(36).padStart(8, '0')}`,
      title: textOf(input['title']) ?? '',
      submit: textOf(input['submit']),
      close: textOf(input['close']),
      clear_on_close: input['clear_on_close'] === true,
      notify_on_close: input['notify_on_close'] === true,
      blocks: this.#workspace.withIds(blocks),
      root_view_id: below?.root_view_id ?? id,
      previous_view_id: below?.id ?? null,
      errors: {},
    };
  }

  #find(matches: (view: SandboxView) => boolean): SandboxView | undefined {
    return [...this.#stacks.values(), [...this.#homes.values()]].flat().find(matches);
  }

  #put(view: SandboxView): void {
    if (view.type === 'home') {
      this.#homes.set(view.user, view);
      this.#workspace.announce({ kind: 'home', user: view.user });
      return;
    }
    this.#set(
      view.user,
      this.open(view.user).map((one) => (one.id === view.id ? view : one)),
    );
  }

  #set(user: string, stack: SandboxView[]): void {
    this.#stacks.set(user, stack);
    this.#workspace.announce({ kind: 'view', user });
  }
}

function textOf(text: unknown): string | null {
  return isObject(text) ? stringAt(text, 'text') : null;
}
