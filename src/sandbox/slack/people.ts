/**
 * The people of the workspace: they type commands, click what is on their screen, fill in forms. Each act is one
 * request to the bot and resolves when it was acknowledged or three seconds have passed. A person can't do what Slack's
 * client wouldn't let them do: such an act throws a sentence.
 */
import { applyResponse, applySubmission } from './answers.ts';
import type { Delivery } from './delivery.ts';
import { Interaction, type InteractionKind } from './interaction.ts';
import { isObject, type JsonObject } from './json.ts';
import { Offers } from './offers.ts';
import { type ClickOptions, find, offersOf, oldButton, type Place, placeOf, topView, withChoice } from './on-screen.ts';
import { actionPayload, commandPayload, commonPayload, eventPayload, shortcutPayload } from './payloads.ts';
import { SlackRefusal } from './refusal.ts';
import type { Acknowledgement, EnvelopeType } from './socket-mode.ts';
import { surroundings } from './surroundings.ts';
import type { ResponseTarget, Tickets } from './tickets.ts';
import { asSent } from './typed-text.ts';
import { type FormInput, formState, type Offered, whyNotSubmittable } from './view-state.ts';
import type { Views } from './views.ts';
import type { WaitOptions } from './wait.ts';
import type { SandboxChannel, SandboxUser, Workspace } from './workspace.ts';

export interface CommandOptions {
  readonly user: string;
  /** Id or name. */
  readonly channel: string;
  readonly text?: string;
  /** `/redis-migrate` unless told. */
  readonly command?: string;
  /** As if Slack had made links of host names and addresses. */
  readonly linkify?: boolean;
}

export interface ShortcutOptions {
  readonly user: string;
  readonly channel: string;
  /** The message that it is chosen at. */
  readonly ts: string;
  readonly callbackId: string;
}

export interface SubmitOptions {
  readonly user: string;
  readonly viewId: string;
  readonly values?: FormInput;
}

export interface SuggestOptions
  extends Pick<ClickOptions, 'user' | 'channel' | 'ts' | 'viewId' | 'blockId' | 'values'> {
  readonly actionId: string;
  /** What was typed. */
  readonly query: string;
}

interface Parts {
  readonly workspace: Workspace;
  readonly views: Views;
  readonly tickets: Tickets;
  readonly delivery: Delivery;
  readonly origin: () => string;
  readonly waitFor: <T>(look: () => T | null | undefined | false, options: WaitOptions) => Promise<T>;
}

export class People {
  readonly #parts: Parts;
  readonly #offers = new Offers();
  #count = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async command(options: CommandOptions): Promise<Interaction> {
    const { workspace } = this.#parts;
    const user = this.user(options.user);
    const channel = this.channel(options.channel);
    const text = asSent(workspace, options.text ?? '', { linkify: options.linkify ?? false });
    const command = options.command ?? '/redis-migrate';
    const { interaction, target } = this.#begin('command', user, channel, null, null);
    const payload = commandPayload(workspace, { user, channel, command, text, ...addresses(interaction) });
    const result = await this.#deliver(interaction, 'slash_commands', payload);
    if (target === null || !isObject(result.body)) return interaction;
    try {
      applyResponse(workspace, target, result.body, 'ack');
    } catch (error) {
      if (!(error instanceof SlackRefusal)) throw error;
      interaction.settle({ ...result, trouble: `${command} failed with the error "${error.code}".` });
    }
    return interaction;
  }

  /** A message shortcut, chosen from the menu of a message. */
  async shortcut(options: ShortcutOptions): Promise<Interaction> {
    const { workspace } = this.#parts;
    const user = this.user(options.user);
    const channel = this.channel(options.channel);
    const message = workspace.message(channel.id, options.ts);
    if (message === undefined) throw new Error(`${user.realName} sees no message ${options.ts} in ${channel.name}.`);
    const { interaction } = this.#begin('shortcut', user, channel, null, null);
    await this.#deliver(interaction, 'interactive', {
      ...shortcutPayload(workspace, {
        user,
        channel,
        message,
        callbackId: options.callbackId,
        ...addresses(interaction),
      }),
    });
    return interaction;
  }

  async click(options: ClickOptions): Promise<Interaction> {
    const { workspace } = this.#parts;
    const user = this.user(options.user);
    const place = placeOf(this.#parts, user, options);
    const clicked = options.stale === undefined ? find(place.blocks, options) : oldButton(options.stale);
    const { blockId, element } = clicked;
    const offered = this.#offered(user, place);
    const action = actionPayload(blockId, element, options.choose, {
      actionTs: workspace.nextTs(),
      offered: offered(blockId, String(element['action_id'])),
    });
    const values = formState(place.blocks, withChoice(options.values ?? {}, clicked, options.choose), offered);
    const inModal = place.kind === 'view' && place.view.type === 'modal' ? place.view.id : null;
    const { interaction } =
      place.kind === 'view'
        ? this.#begin('click', user, null, null, inModal)
        : this.#begin('click', user, place.channel, { kind: place.kind, ts: place.ts }, null);
    await this.#deliver(interaction, 'interactive', {
      type: 'block_actions',
      ...commonPayload(workspace, user),
      ...surroundings(this.#parts, place, values),
      trigger_id: interaction.triggerId,
      ...(place.kind === 'view' ? {} : { state: { values }, response_url: interaction.responseUrl }),
      actions: [action],
    });
    return interaction;
  }

  async submit(options: SubmitOptions): Promise<Interaction> {
    const { workspace, views } = this.#parts;
    const user = this.user(options.user);
    const view = topView(views, user, options.viewId);
    if (view.submit === null) throw new Error(`The form "${view.title}" has no button to send it.`);
    const offered = this.#offered(user, { kind: 'view', view, blocks: view.blocks });
    const values = formState(view.blocks, options.values ?? {}, offered);
    const problems = whyNotSubmittable(view.blocks, values);
    if (problems.length > 0) throw new Error(`Slack would not send the form "${view.title}": ${problems.join(' ')}`);
    if (Object.keys(view.errors).length > 0) views.setErrors(view, {});
    const { interaction } = this.#begin('submit', user, null, null, view.id);
    const result = await this.#deliver(interaction, 'interactive', {
      type: 'view_submission',
      ...commonPayload(workspace, user),
      trigger_id: interaction.triggerId,
      view: { ...views.toJson(view), state: { values } },
      response_urls: [],
    });
    if (result.ackMs === null) return interaction;
    const trouble = applySubmission(views, view, result.body);
    if (trouble !== null) interaction.settle({ ...result, trouble });
    return interaction;
  }

  /** Closes the form without sending it. The bot hears of it only when it asked to be told. */
  async closeView(options: { readonly user: string; readonly viewId: string }): Promise<Interaction> {
    const { workspace, views } = this.#parts;
    const user = this.user(options.user);
    const view = topView(views, user, options.viewId);
    if (view.clear_on_close) views.clear(user.id);
    else views.close(view);
    const { interaction } = this.#begin('close', user, null, null, null);
    if (!view.notify_on_close) return interaction;
    const payload = {
      type: 'view_closed',
      ...commonPayload(workspace, user),
      view: views.toJson(view),
      is_cleared: view.clear_on_close,
    };
    await this.#deliver(interaction, 'interactive', payload);
    return interaction;
  }

  /** Types into an external select; the options are in `ackBody`. */
  async suggest(options: SuggestOptions): Promise<Interaction> {
    const { workspace } = this.#parts;
    const user = this.user(options.user);
    const place = placeOf(this.#parts, user, options);
    const { blockId, element } = find(place.blocks, options);
    if (!String(element['type']).endsWith('external_select'))
      throw new Error(`Slack asks nobody for the options of ${options.actionId}.`);
    const { interaction } = this.#begin('suggest', user, null, null, null);
    const offered = this.#offered(user, place);
    const result = await this.#deliver(interaction, 'interactive', {
      type: 'block_suggestion',
      ...commonPayload(workspace, user),
      ...surroundings(this.#parts, place, formState(place.blocks, options.values ?? {}, offered)),
      block_id: blockId,
      action_id: options.actionId,
      value: options.query,
    });
    if (result.ackMs === null) return interaction;
    try {
      this.#offers.add(offersOf(user, place)(blockId, options.actionId), result.body);
    } catch (error) {
      interaction.settle({ ...result, body: null, trouble: error instanceof Error ? error.message : String(error) });
    }
    return interaction;
  }

  async openHome(userId: string): Promise<Interaction> {
    const { workspace, views } = this.#parts;
    const user = this.user(userId);
    const view = views.home(user.id);
    const { interaction } = this.#begin('home', user, null, null, null);
    const event = {
      type: 'app_home_opened',
      user: user.id,
      channel: workspace.findChannel(user.id)?.id,
      tab: 'home',
      event_ts: workspace.nextTs(),
      ...(view === null ? {} : { view: views.toJson(view) }),
    };
    await this.#deliver(interaction, 'events_api', eventPayload(workspace, event));
    return interaction;
  }

  user(id: string): SandboxUser {
    const user = this.#parts.workspace.users.get(id);
    if (user === undefined) throw new Error(`There is no user ${id} in the sandbox.`);
    return user;
  }

  channel(reference: string): SandboxChannel {
    const channel = this.#parts.workspace.findChannel(reference);
    if (channel === undefined) throw new Error(`There is no channel ${reference} in the sandbox.`);
    return channel;
  }

  #offered(user: SandboxUser, place: Place): Offered {
    const where = offersOf(user, place);
    return (block, action) => this.#offers.at(where(block, action));
  }

  #begin(
    kind: InteractionKind,
    user: SandboxUser,
    channel: SandboxChannel | null,
    original: ResponseTarget['original'],
    view: string | null,
  ) {
    const { workspace, tickets, origin, waitFor } = this.#parts;
    this.#count += 1;
    const id = this.#count;
    const target = channel === null ? null : { interaction: id, user: user.id, channel: channel.id, original };
    const interaction = new Interaction({
      id,
      kind,
      user: user.id,
      channel: channel?.id ?? null,
      triggerId:
        kind === 'home' || kind === 'close' || kind === 'suggest' ? null : tickets.newTrigger({ user: user.id, view }),
      responseUrl: target === null ? null : `${origin()}/response/${tickets.newResponse(target)}`,
      since: workspace.ephemeralSeq,
      allEphemerals: () => workspace.ephemerals(),
      waitFor,
    });
    return { interaction, target };
  }

  async #deliver(interaction: Interaction, type: EnvelopeType, payload: JsonObject): Promise<Acknowledgement> {
    const result = await this.#parts.delivery.deliver(type, payload);
    interaction.settle(result);
    this.#parts.workspace.announce({ kind: 'interaction', id: interaction.id });
    return result;
  }
}

function addresses(interaction: Interaction): { readonly triggerId: string; readonly responseUrl: string } {
  return { triggerId: interaction.triggerId ?? '', responseUrl: interaction.responseUrl ?? '' };
}
