export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export function lastLine(counts: Counts): string;
export function countTests(report: VitestReport): Counts;
export function createSteps(write?: (text: string) => void): {
  readonly step: (name: string, check: () => Promise<Counts | undefined>) => Promise<boolean>;
  readonly counts: Counts;
  readonly failures: readonly string[];
};
