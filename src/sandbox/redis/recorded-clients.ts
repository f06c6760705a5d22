/** CLIENT of a recorded server: its connections of this moment, one a line in the form of its version, and its refusals. */
import type { RecordedRole, RecordedSession } from './recorded-role.ts';
import { bulk, error, int, OK, type WireReply } from './scripted.ts';
import { type Recorded, replay } from './scripted-ready.ts';

export function recordedClients(
  records: readonly Recorded[],
  isAtLeast: (major: number, minor: number) => boolean,
  role: RecordedRole,
  sessions: () => readonly RecordedSession[],
): (args: readonly string[], session: RecordedSession) => WireReply {
  const find = (command: string) => records.find((one) => one.command === command);
  const listed = String(find('CLIENT LIST')?.reply).split('\n');
  /** The one that made the recording stands for each that is connected now. */
  const form = listed.find(isRecorder) ?? '';

  function lines(): string[] {
    const others = role
      .clients()
      .split('\n')
      .filter((line) => line !== '' && !isRecorder(line));
    const ours = sessions().map(({ connection, name, lastCommand }) =>
      form
        .replace(/\bid=\d+/, `id=${1_000 + connection.id}`)
        .replace(/\baddr=\S+/, `addr=127.0.0.1:${connection.clientPort}`)
        .replace(/\bname=\S*/, `name=${name}`)
        .replace(/\bcmd=\S*/, `cmd=${lastCommand}`),
    );
    return [...others, ...ours];
  }

  function list(args: readonly string[]): WireReply {
    // TYPE came with 5.0. Before, whoever says more than LIST is told what there is.
    if (args.length > 0 && !isAtLeast(5, 0)) return refused('LIST');
    const type = args[0]?.toUpperCase() === 'TYPE' ? args[1]?.toLowerCase() : undefined;
    const wanted = { replica: 'S', slave: 'S', master: 'M', pubsub: 'P', normal: 'N' }[type ?? ''];
    const chosen = lines().filter((line) => wanted === undefined || line.includes(` flags=${wanted}`));
    return bulk(chosen.map((line) => `${line}\n`).join(''));
  }

  /** As it refused a word that it did not know, where it did. */
  function refused(sub: string): WireReply {
    const said = find('CLIENT NO-EVICT off')?.error ?? `ERR unknown subcommand '${sub}'. Try CLIENT HELP.`;
    return error(said.replace('NO-EVICT', sub));
  }

  function recorded(command: string, sub: string): WireReply {
    const found = find(command);
    return found ? replay(found) : refused(sub);
  }

  return ([sub = '', ...args], session) => {
    switch (sub.toUpperCase()) {
      case 'LIST':
        return list(args);
      case 'SETNAME': {
        const answer = recorded('CLIENT SETNAME x', sub);
        if (answer.wire === OK.wire) session.name = args[0] ?? '';
        return answer;
      }
      case 'GETNAME':
        return find('CLIENT SETNAME x')?.error === undefined ? bulk(session.name || null) : refused(sub);
      case 'ID':
        return isAtLeast(5, 0) ? int(1_000 + session.connection.id) : refused(sub);
      case 'PAUSE':
        return recorded(args.length > 1 ? 'CLIENT PAUSE 1500 WRITE' : 'CLIENT PAUSE 0', sub);
      case 'KILL':
        return args.length > 1 ? int(0) : error('ERR No such client');
      default:
        return recorded(['CLIENT', sub.toUpperCase(), ...args].join(' '), sub);
    }
  };
}

function isRecorder(line: string): boolean {
  return / cmd=client\b/.test(line);
}
