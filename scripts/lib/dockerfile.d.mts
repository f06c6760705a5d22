export interface Instruction {
  readonly line: number;
  readonly name: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly text: string;
}

export class DockerfileError extends Error {}
export function parseDockerfile(source: string): Instruction[];
export function parsePairs(instruction: Instruction): Record<string, string>;
export function parseExecForm(instruction: Instruction): string[];
export function substitute(instruction: Instruction, variables: Readonly<Record<string, string>>): string;
export function parseIgnore(source: string): (path: string) => boolean;
