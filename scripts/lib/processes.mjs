/**
 * Starts the processes of a script and ends them with it. Owns the list of what is running. Each child leads a process
 * group of its own, so that Ctrl-C in a terminal, which reaches everybody in the script's group and comes a second time
 * through npm, reaches the child exactly once: from here. What a child leaves behind in its group when it ends is
 * ended too. A script that npm started also ends when npm is gone.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const GRACE_MS = 15_000;
const LEFTOVER_MS = 3_000;
/** A terminal and npm both deliver: what comes within this time is one and the same wish. */
const SAME_SIGNAL_MS = 400;
const PARENT_CHECK_MS = 500;

const children = new Set();
let endedBy = null;
let lastSignalAt = Number.NEGATIVE_INFINITY;

/** Thrown where a script would start the next process although it was told to end. */
export class Interrupted extends Error {
  constructor(signal) {
    super(`Ended by ${signal}.`);
    this.name = 'Interrupted';
    this.signal = signal;
  }
}

/** The exit code by which a shell tells that a signal ended a process. */
export function codeOfSignal(signal) {
  return 128 + (constants.signals[signal] ?? 1);
}

/**
 * From now on these signals are passed on to the children; the script ends when they have.
 * @param {readonly NodeJS.Signals[]} [signals]
 */
export function passSignalsOn(signals = ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  for (const signal of signals) process.on(signal, () => end(signal));
  if (process.env.npm_lifecycle_event) watchParent();
}

function watchParent() {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end('SIGTERM');
  }, PARENT_CHECK_MS);
  timer.unref();
}

function end(signal) {
  const now = performance.now();
  if (now - lastSignalAt < SAME_SIGNAL_MS) return;
  lastSignalAt = now;
  endedBy = signal === 'SIGHUP' ? 'SIGTERM' : signal;
  for (const child of children) child.kill(endedBy);
  setTimeout(() => {
    for (const child of children) signalGroup(child.pid, 'SIGKILL');
  }, GRACE_MS).unref();
}

/** @returns {boolean} whether there is still somebody in the group */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    if (error.code === 'ESRCH' || error.code === 'EPERM') return false;
    throw error;
  }
}

/** What a child left behind may tidy up for a moment, then it is killed. */
async function clearGroup(pid) {
  if (!signalGroup(pid, 'SIGTERM')) return;
  const until = performance.now() + LEFTOVER_MS;
  while (performance.now() < until) {
    await sleep(20);
    if (!signalGroup(pid, 0)) return;
  }
  signalGroup(pid, 'SIGKILL');
}

/**
 * A child in a group of its own. `done`: `code` is null when the program could not be started, and then
 * `error` says why.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export function start(command, args, options = {}) {
  if (endedBy !== null) throw new Interrupted(endedBy);
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options, detached: true });
  const done = new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, error });
    });
    child.once('exit', (code, signal) => {
      clearGroup(child.pid).then(() => {
        children.delete(child);
        resolve({ code: code ?? codeOfSignal(signal), signal, error: null });
      }, reject);
    });
  });
  if (child.pid !== undefined) children.add(child);
  return { child, done };
}

/**
 * Runs a command to its end.
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean, uid?: number, gid?: number }} [options] `show`: on the
 * screen while it runs; otherwise its words are in `output`
 * @returns {Promise<{ code: number | null, output: string }>}
 */
export async function run(command, args, { show = false, ...options } = {}) {
  const { child, done } = start(command, args, {
    ...options,
    stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
  });
  let output = '';
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const closed = streams.map(async (stream) => {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    await new Promise((resolve) => stream.once('close', resolve));
  });
  const { code, error } = await done;
  if (error) return { code: null, output: `${command} could not be started: ${error.message}` };
  await Promise.all(closed);
  if (endedBy !== null) throw new Interrupted(endedBy);
  return { code, output };
}
