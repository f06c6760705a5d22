/** What Slack makes of a slash command's text before the app sees it, with `should_escape: true`. */
import type { Workspace } from './workspace.ts';

/** `linkify`: Slack also turns web addresses and bare host names into links, when it feels like it. */
export function asSent(workspace: Workspace, typed: string, options: { readonly linkify: boolean }): string {
  const escaped = typed.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const words = escaped.split(/(\s+)/).map((word) => {
    const name = word.slice(1);
    if (word.startsWith('@')) {
      const user = [...workspace.users.values()].find((one) => one.name === name);
      if (user !== undefined) return `<@${user.id}|${user.name}>`;
      const group = [...workspace.groups.values()].find((one) => one.handle === name);
      return group === undefined ? word : `<!subteam^${group.id}|@${group.handle}>`;
    }
    if (word.startsWith('#')) {
      const channel = [...workspace.channels.values()].find((one) => one.name === name);
      return channel === undefined ? word : `<#${channel.id}|${channel.name}>`;
    }
    return options.linkify ? linked(word) : word;
  });
  return words.join('');
}

function linked(word: string): string {
  if (/^https?:\/\/\S+$/.test(word)) return `<${word}>`;
  if (/^[^\s@]+@[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(word)) return `<mailto:${word}|${word}>`;
  // A bare host name with a top-level domain, perhaps with a port; also inside redis://….
  return word.replace(/(?<![\w.-])[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}(:\d+)?$/i, (host) => `<http://${host}|${host}>`);
}
