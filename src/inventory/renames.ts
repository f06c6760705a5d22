/**
 * The key `rename-command` of a server of the inventory, written as in redis.conf. Other names are not repeated in
 * sentences: people choose them so that nobody can guess them.
 */

/** Without these there is no migration; `AUTH` too where there is a password. */
const NEEDED = ['info', 'config', 'slaveof'];

/**
 * Lower case command → its other name. A disabled command is left out: it is sent by its own name, and the server says
 * that it knows none such.
 */
export function readRenames(
  renames: Readonly<Record<string, unknown>>,
  logsIn: boolean,
  problems: string[],
): Readonly<Record<string, string>> {
  const renamed = new Map<string, string>();
  const seen = new Set<string>();
  for (const [key, value] of Object.entries(renames).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const command = key.toLowerCase();
    if (!/^[a-z][a-z0-9._-]{0,63}$/.test(command)) {
      problems.push('rename-command has a key that is not the name of a command, one word such as CONFIG.');
      continue;
    }
    const name = command.toUpperCase();
    if (seen.has(command)) problems.push(`rename-command names ${name} twice.`);
    seen.add(command);
    if (typeof value !== 'string' || !/^[!-&(-~]{0,128}$/.test(value) || value.includes('"')) {
      problems.push(`rename-command: the other name of ${name} must be one word, or "" where the command is disabled.`);
    } else if (value !== '') renamed.set(command, value);
    else if (NEEDED.includes(command) || (command === 'auth' && logsIn)) problems.push(disabled(name));
  }
  return Object.fromEntries(renamed);
}

function disabled(name: string): string {
  const hint = name === 'SLAVEOF' ? '; where REPLICAOF still works, write SLAVEOF: REPLICAOF' : '';
  return `rename-command: ${name} is disabled, and the bot cannot do without it${hint}.`;
}
