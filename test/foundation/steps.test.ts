/** How `npm test` counts. */
import { describe, expect, test } from 'vitest';
import { countTests, createSteps, lastLine } from '../../scripts/lib/steps.mjs';

const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };

test('the last line tells of skipped tests only when there are some', () => {
  expect(lastLine({ passed: 7, failed: 0, skipped: 0 })).toBe('7 passed, 0 failed');
  expect(lastLine({ passed: 7, failed: 1, skipped: 2 })).toBe('7 passed, 1 failed, 2 skipped');
});

describe('tests are counted one by one', () => {
  test('passed, failed, skipped and still to be written', () => {
    const all = { ...report, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 };
    expect(countTests(all)).toEqual({ passed: 3, failed: 2, skipped: 2 });
  });

  test('a file that could not be loaded is a failure of its own', () => {
    const broken = { status: 'failed', assertionResults: [] };
    const failing = { status: 'failed', assertionResults: [{ status: 'failed' }] };
    expect(countTests({ ...report, numFailedTests: 1, testResults: [broken, failing] }).failed).toBe(2);
  });
});

describe('steps', () => {
  test('a step that throws is one failure, told with its words and its name', async () => {
    let screen = '';
    const { step, counts, failures } = createSteps((text) => {
      screen += text;
    });
    expect(await step('types', () => Promise.resolve(undefined))).toBe(true);
    expect(await step('lint', () => Promise.reject(new Error('src/a.ts is wrong')))).toBe(false);
    expect(counts).toEqual({ passed: 1, failed: 1, skipped: 0 });
    expect(failures).toEqual(['lint']);
    expect(screen).toContain('src/a.ts is wrong');
    expect(screen).toContain('✖ lint');
  });

  test('a step with counts of its own adds them, and has failed when one of them failed', async () => {
    const { step, counts, failures } = createSteps(() => {});
    expect(await step('tests', () => Promise.resolve({ passed: 40, failed: 2, skipped: 1 }))).toBe(false);
    expect(counts).toEqual({ passed: 40, failed: 2, skipped: 1 });
    expect(failures).toEqual(['tests']);
  });

  test('a step that answers something else has failed, and the counts stay numbers', async () => {
    const { step, counts } = createSteps(() => {});
    expect(await step('browser', () => Promise.resolve('/usr/bin/browser' as never))).toBe(false);
    expect(lastLine(counts)).toBe('0 passed, 1 failed');
  });
});
