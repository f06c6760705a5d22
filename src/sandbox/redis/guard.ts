/**
 * A small shell that outlives us for a moment: when this process ends in any way, SIGKILL included, its standard input
 * closes, and it kills the servers that are still in its list and removes their folder. It does nothing before that.
 */
import { spawn } from 'node:child_process';

const SCRIPT = `
trap '' INT TERM HUP
pids=' '
while read -r op pid; do
  case "$op" in
    +) pids="$pids$pid " ;;
    -) case "$pids" in *" $pid "*) pids="\${pids%% $pid *} \${pids#* $pid }" ;; esac ;;
  esac
done
for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
rm -rf -- "$1"
`;

export interface Guard {
  readonly pid: number | undefined;
  readonly watch: (pid: number) => void;
  readonly forget: (pid: number) => void;
  /** Lets the guard end now; it removes the folder and whatever is still watched. Resolves when it has. */
  close(): Promise<void>;
}

export function startGuard(folder: string): Guard {
  // A session of its own: a Ctrl-C in the terminal is for us, and we decide what it ends.
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'guard', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const { stdin } = child;
  stdin.on('error', () => {});
  // The pipe must not keep our own process alive.
  (stdin as unknown as { unref?: () => void }).unref?.();
  return {
    pid: child.pid,
    watch: (pid) => void stdin.write(`+ ${pid}\n`),
    forget: (pid) => void stdin.write(`- ${pid}\n`),
    async close() {
      child.ref();
      stdin.end();
      await ended;
    },
  };
}
