/** Runs checks one after the other and counts them. A check that could not run has failed. */
import { Interrupted } from './processes.mjs';

/** The last line of `npm test`. */
export function lastLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * vitest's JSON report as counts. A file that could not be read has no tests in it and is one failure.
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function countTests(report) {
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

export function createSteps(write = (text) => process.stdout.write(text)) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const failures = [];

  /**
   * @param {() => Promise<unknown>} check throws with a text for people when it fails; may return counts of its own
   * @returns {Promise<boolean>} whether it passed
   */
  async function step(name, check) {
    const began = performance.now();
    write(`▸ ${name}\n`);
    let failure = null;
    try {
      const own = await check();
      if (own !== undefined && !Object.keys(counts).every((key) => Number.isInteger(own[key]))) {
        throw new Error('Its answer is neither nothing nor counts.');
      }
      if (own === undefined) counts.passed += 1;
      else for (const key of Object.keys(counts)) counts[key] += own[key];
      if (own !== undefined && own.failed > 0) failure = '';
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      counts.failed += 1;
      failure = error.message;
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    if (failure === null) {
      write(`✔ ${name} (${seconds} s)\n`);
      return true;
    }
    failures.push(name);
    write(`${failure === '' ? '' : `${failure.trimEnd()}\n`}✖ ${name} (${seconds} s)\n`);
    return false;
  }

  return { step, counts, failures };
}
