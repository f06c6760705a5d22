/** What the data needs of a server beside its version: modules and function engines. */
import type { ServerFacts } from '../observation.ts';
import { refusalOf } from '../pairing.ts';
import { countText, listText } from '../words.ts';
import { type Add, bothOf, type Seen, type Subject } from './rule.ts';

export function judgeModules(subject: Subject, add: Add): void {
  const both = bothOf(subject);
  // A version that is refused lacks more than modules, and those that are built in cannot be loaded there.
  if (!both || isAsleep(both.from) || isAsleep(both.to) || refusalOf(both.from, both.to) !== null) return;
  const { source, destination } = subject;
  const [needed, there] = [source.probe.modules, destination.probe.modules];
  if (needed?.length === 0) return;
  if (needed === null || there === null) {
    const blind = needed === null ? source : destination;
    const text = `${blind.name} does not tell which modules it has: a module that ${destination.name} lacks would make every full sync fail while it loads.`;
    add('warning', 'modules_unknown', text, `${rightsText(blind, '+module|list')}, or compare MODULE LIST by hand.`);
    return;
  }
  const missing = needed.filter((one) => !there.some((other) => other.name === one.name)).map((one) => one.name);
  if (missing.length > 0) {
    const text = `${source.name} has the ${missing.length === 1 ? 'module' : 'modules'} ${listText(missing)}, and ${destination.name} has not: it could not load the snapshot, and would stay empty.`;
    add(
      'error',
      'modules_missing',
      text,
      `MODULE LOAD on ${destination.name}, or loadmodule in its file and a restart.`,
    );
  }
  const older = needed.flatMap((one) => {
    const other = there.find((candidate) => candidate.name === one.name);
    return other && other.version < one.version
      ? [`${one.name} (${other.version} where the source has ${one.version})`]
      : [];
  });
  if (older.length > 0) {
    const text = `${destination.name} has older modules than ${source.name}: ${listText(older)}. What the newer one has written may not load.`;
    add('warning', 'modules_older', text, `Load the same version of the module on ${destination.name}.`);
  }
}

export function judgeFunctions({ source, destination }: Subject, add: Add): void {
  const functions = source.probe.functions;
  if (!functions || functions.libraries === 0) return;
  const { engines } = destination.probe;
  const libraries =
    functions.libraries === 1 ? 'a function library' : `${countText(functions.libraries)} function libraries`;
  if (engines === null) {
    const text = `${source.name} has ${libraries}, and ${destination.name} does not tell whether it can run them.`;
    add(
      'note',
      'functions_unknown',
      text,
      `${rightsText(destination, '+function|stats')}, or run FUNCTION STATS by hand.`,
    );
    return;
  }
  const missing = functions.engines.filter((one) => !engines.includes(one));
  if (missing.length === 0) return;
  const text = `${source.name} has ${libraries} written for the ${missing.length === 1 ? 'engine' : 'engines'} ${listText(missing)}, and ${destination.name} has ${engines.length === 0 ? 'none' : `only ${listText(engines)}`}: it could not load the snapshot.`;
  add('error', 'function_engines_missing', text, `Load the engine's module on ${destination.name}.`);
}

/** A server that loads was not asked; it has a finding of its own. */
function isAsleep(facts: ServerFacts): boolean {
  return facts.loading !== null;
}

function rightsText(seen: Seen, right: string): string {
  return `ACL SETUSER ${seen.endpoint.user ?? 'default'} ${right} on ${seen.name}`;
}
