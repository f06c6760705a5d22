/**
 * The last net before the disk: takes known secrets out of a row. Nothing should be left for it to find. It must not do
 * harm either: where a password is an ordinary word such as "redis" or "master", what machines read in a row (kinds,
 * hosts, offsets, settings to put back) has to survive, or the migration could not be taken up again.
 */
import type { NewRow } from '../domain/event.ts';
import { MASK, type SecretRegistry } from '../log.ts';

/** Values under these names are read by the bot and cannot hold a password by their type. */
const MACHINE_KEYS: ReadonlySet<string> = new Set(
  (
    'kind id phase gate action outcome what step side level code cutover version ts messageTs ' +
    'host user box path channel requestedBy runId sourceRunId destinationRunId replid destinationReplid offset ' +
    'findings until cause'
  ).split(' '),
);

/** Paths of files, names of commands, settings that an alarm proposes: whatever is below these is read as well. */
const MACHINE_TREES: ReadonlySet<string> = new Set(['tlsFiles', 'renamed', 'tune', 'changes']);

export function scrubRow(row: NewRow, secrets: SecretRegistry): NewRow {
  return { ...row, event: scrubNode(row.event, secrets) as NewRow['event'], text: secrets.scrub(row.text) };
}

function scrubNode(node: unknown, secrets: SecretRegistry): unknown {
  if (typeof node === 'string') return secrets.scrub(node);
  if (Array.isArray(node)) return node.map((item) => scrubNode(item, secrets));
  if (node === null || typeof node !== 'object') return node;
  // A setting that is proposed has a side instead of a kind.
  const tagged = 'kind' in node || 'side' in node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      if (MACHINE_TREES.has(key)) return [key, value];
      if (typeof value !== 'string') return [key, scrubNode(value, secrets)];
      if (MACHINE_KEYS.has(key)) return [key, value];
      // In tagged objects these are a setting's or a variable's name and a setting's value; a plan's name is free text.
      if (tagged && key === 'name') return [key, value];
      if (tagged && key === 'value') return [key, isSecretItself(value, secrets) ? MASK : value];
      return [key, secrets.scrub(value)];
    }),
  );
}

/** A setting such as "yes" may equal a weak password by chance; a long one doesn't. */
function isSecretItself(value: string, secrets: SecretRegistry): boolean {
  return value.length >= 8 && secrets.scrub(value) === MASK;
}
