import { readdirSync, readFileSync } from 'node:fs';
import type { App } from '@slack/bolt';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as actions from '../../src/slack/listeners/actions.ts';
import * as commands from '../../src/slack/listeners/commands.ts';
import type { ListenerDeps } from '../../src/slack/listeners/deps.ts';
import * as events from '../../src/slack/listeners/events.ts';
import * as form from '../../src/slack/listeners/form.ts';
import * as looking from '../../src/slack/listeners/looking.ts';
import * as options from '../../src/slack/listeners/options.ts';
import * as shortcuts from '../../src/slack/listeners/shortcuts.ts';
import * as views from '../../src/slack/listeners/views.ts';

const manifest = parse(readFileSync(new URL('../../manifest.yml', import.meta.url), 'utf8'));

const KINDS = ['command', 'action', 'view', 'event', 'shortcut', 'options'] as const;
type Kind = (typeof KINDS)[number];

/** What the listeners ask Bolt for. */
function listenedTo(): Record<Kind, string[]> {
  const asked: Record<Kind, string[]> = { command: [], action: [], view: [], event: [], shortcut: [], options: [] };
  const note = (kind: Kind) => (what: string | { readonly callback_id?: string | RegExp }) =>
    void asked[kind].push(typeof what === 'string' ? what : String(what.callback_id ?? ''));
  const app = Object.fromEntries(KINDS.map((kind) => [kind, note(kind)]));
  const listeners = [actions, commands, events, form, looking, options, shortcuts, views];
  for (const { register } of listeners) register(app as unknown as App, {} as ListenerDeps);
  return asked;
}

/** Every Web API method that the Slack room calls, by its own name in the code. */
function calledMethods(): string[] {
  const root = new URL('../../src/slack/', import.meta.url);
  const files = readdirSync(root, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.ts'));
  const text = files.map((file) => readFileSync(new URL(file, root), 'utf8')).join('\n');
  const found = text.match(/'(?:chat|conversations|views|usergroups|users|files|reactions|pins)\.[a-zA-Z.]+'/g) ?? [];
  return [...new Set(found.map((one) => one.slice(1, -1)))];
}

/** From the pages of the methods at docs.slack.dev; the two history scopes are one need. */
const SCOPES: Readonly<Record<string, readonly string[]>> = {
  'chat.update': ['chat:write'],
  'chat.postMessage': ['chat:write', 'chat:write.public'],
  'chat.postEphemeral': ['chat:write'],
  'chat.getPermalink': [],
  'conversations.history': ['channels:history', 'groups:history'],
  'conversations.replies': ['channels:history', 'groups:history'],
  'files.completeUploadExternal': ['files:write'],
  'files.getUploadURLExternal': ['files:write'],
  'usergroups.users.list': ['usergroups:read'],
  'users.info': ['users:read'],
  'views.open': [],
  'views.push': [],
  'views.update': [],
  'views.publish': [],
};

describe('manifest.yml', () => {
  it('declares the command that the code listens to, with names of people and channels escaped', () => {
    const declared = manifest.features.slash_commands;
    expect(declared.map((one: { command: string }) => one.command)).toEqual(listenedTo().command);
    expect(declared.every((one: { should_escape: boolean }) => one.should_escape)).toBe(true);
  });

  it('declares the shortcuts that the code listens to', () => {
    const declared: { callback_id: string; type: string }[] = manifest.features.shortcuts;
    expect(declared.map((one) => one.callback_id)).toEqual(listenedTo().shortcut);
    expect(declared.every((one) => one.type === 'message')).toBe(true);
  });

  it('subscribes to the events that the code listens to, and to no others', () => {
    expect(manifest.settings.event_subscriptions.bot_events).toEqual(listenedTo().event);
    expect(manifest.features.app_home.home_tab_enabled).toBe(true);
  });

  it('has interactivity on, because there are buttons and forms', () => {
    expect(listenedTo().action.length + listenedTo().view.length).toBeGreaterThan(1);
    expect(manifest.settings.interactivity.is_enabled).toBe(true);
  });

  it('asks for every scope that a call needs', () => {
    const scopes: string[] = manifest.oauth_config.scopes.bot;
    for (const method of calledMethods()) {
      expect(SCOPES, `the scopes of ${method} are not known here`).toHaveProperty([method]);
      for (const scope of SCOPES[method] ?? []) expect(scopes).toContain(scope);
    }
    expect(scopes).toEqual(expect.arrayContaining(['commands', 'files:write', 'users:read']));
    expect(scopes).toHaveLength(8);
  });
});
