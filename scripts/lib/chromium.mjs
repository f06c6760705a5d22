/**
 * The browser of the page's tests. Playwright downloads one of its own, which not every network allows: Debian's package
 * is taken instead, installed where we may. Elsewhere the tests that need it are skipped, and say so.
 */
import { access } from 'node:fs/promises';
import { run } from './processes.mjs';

export const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** What it is started with: without a screen, and without a word to anybody outside. */
export const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

async function found() {
  for (const path of PLACES) {
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  return null;
}

/**
 * @param {(line: string) => void} say
 * @returns {Promise<string | null>} its path; null when there is none and it could not be installed
 */
export async function ensureChromium(say) {
  const there = await found();
  if (there !== null) return there;
  const missing = 'The browser tests will be skipped. To have them: apt-get install chromium';
  if (process.getuid?.() !== 0) {
    say(`There is no Chromium, and only root may install it. ${missing}`);
    return null;
  }
  say('installing Chromium (about 100 MB, once)');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const quiet = ['-qq', '-o', 'Dpkg::Use-Pty=0'];
  await run('apt-get', [...quiet, 'update'], { env });
  const { code, output } = await run('apt-get', [...quiet, 'install', '-y', '--no-install-recommends', 'chromium'], {
    env,
  });
  const installed = await found();
  if (installed === null)
    say(`Chromium could not be installed (apt-get ended with ${code}). ${missing}\n${output.slice(-500)}`);
  return installed;
}
