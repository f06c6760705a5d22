/** What a person has on the screen and can click. Whatever isn't there can't be clicked: a sentence is thrown instead. */
import type { JsonObject } from './json.ts';
import { elementsOf, type FieldInput, type FormInput, stateOf } from './view-state.ts';
import type { SandboxView, Views } from './views.ts';
import type { SandboxBlock, SandboxChannel, SandboxUser, Workspace } from './workspace.ts';

export interface ClickOptions {
  readonly user: string;
  /** Where the message is. Not needed for a view. */
  readonly channel?: string;
  /** The message, or the ephemeral. */
  readonly ts?: string;
  /** Instead of a message: an open modal or the person's Home tab. */
  readonly viewId?: string;
  readonly actionId?: string;
  readonly blockId?: string;
  /** What was chosen, for selects and their like. */
  readonly choose?: FieldInput;
  /** What stands in the other fields. */
  readonly values?: FormInput;
  /** Clicks a button that is no longer shown, as on a screen that was not refreshed. */
  readonly stale?: { readonly blockId: string; readonly actionId: string; readonly value: string };
}

/** What a click can be in. */
export type Place =
  | { readonly kind: 'view'; readonly view: SandboxView; readonly blocks: readonly SandboxBlock[] }
  | {
      readonly kind: 'message' | 'ephemeral';
      readonly ts: string;
      readonly channel: SandboxChannel;
      readonly blocks: readonly SandboxBlock[];
    };

interface Screen {
  readonly workspace: Workspace;
  readonly views: Views;
}

export function placeOf(screen: Screen, user: SandboxUser, options: ClickOptions): Place {
  const { workspace, views } = screen;
  const { viewId, ts } = options;
  if (viewId !== undefined) {
    const home = views.home(user.id);
    const view = home?.id === viewId ? home : topView(views, user, viewId);
    return { kind: 'view', view, blocks: view.blocks };
  }
  const channel = workspace.findChannel(options.channel ?? '');
  if (channel === undefined || ts === undefined) throw new Error('A click needs a channel and a ts, or a viewId.');
  const message = workspace.message(channel.id, ts);
  if (message !== undefined) return { kind: 'message', ts, channel, blocks: message.blocks };
  const ephemeral = workspace.ephemerals().find((one) => one.ts === ts && one.user === user.id);
  if (ephemeral !== undefined) return { kind: 'ephemeral', ts, channel, blocks: ephemeral.blocks };
  if (options.stale !== undefined) return { kind: 'message', ts, channel, blocks: [] };
  throw new Error(`${user.realName} sees no message ${ts} in ${channel.name}.`);
}

export function topView(views: Views, user: SandboxUser, viewId: string): SandboxView {
  const top = views.open(user.id).at(-1);
  if (top?.id === viewId) return top;
  const shown = top === undefined ? 'no form' : `the form ${top.id} "${top.title}"`;
  throw new Error(`${user.realName} does not see the form ${viewId}; on the screen is ${shown}.`);
}

/** Where an external select's options are kept. */
export function offersOf(user: SandboxUser, place: Place) {
  const shown = place.kind === 'view' ? place.view.id : `${place.channel.id} ${place.ts}`;
  return (blockId: string, actionId: string) => `${user.id} ${shown} ${blockId} ${actionId}`;
}

/** All fields as they stand once this choice was made. */
export function withChoice(values: FormInput, clicked: Clicked, choose: FieldInput | undefined): FormInput {
  const { blockId, element } = clicked;
  if (choose === undefined || stateOf(element, undefined) === null) return values;
  return { ...values, [blockId]: { ...values[blockId], [String(element['action_id'])]: choose } };
}

interface Clicked {
  readonly blockId: string;
  readonly element: JsonObject;
}

export function oldButton(stale: NonNullable<ClickOptions['stale']>): Clicked {
  const text = { type: 'plain_text', text: 'old', emoji: true };
  return { blockId: stale.blockId, element: { type: 'button', action_id: stale.actionId, value: stale.value, text } };
}

export function find(blocks: readonly SandboxBlock[], which: Pick<ClickOptions, 'actionId' | 'blockId'>): Clicked {
  const elements = elementsOf(blocks).filter(({ element }) => element['type'] !== 'image');
  const found = elements.filter(({ block, element }) => {
    return element['action_id'] === which.actionId && (which.blockId === undefined || block.block_id === which.blockId);
  });
  const shown = elements.map(({ block, element }) => `${block.block_id}/${String(element['action_id'])}`).join(', ');
  const first = found[0];
  if (first === undefined)
    throw new Error(`There is nothing to click with action_id ${which.actionId}; there is: ${shown || 'nothing'}.`);
  if (found.length > 1)
    throw new Error(`Several elements have the action_id ${which.actionId}; say which block: ${shown}.`);
  return { blockId: first.block.block_id, element: first.element };
}
