export interface Source {
  readonly uri: string;
  readonly signedBy: string | undefined;
  readonly trusted: boolean;
}

export function sourcesOfDeb822(text: string): Source[];
export function sourcesOfList(text: string): Source[];
export function deb822Of(source: Source, suites: readonly string[]): string;
