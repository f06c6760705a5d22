export { ANA, BEN, DEFAULT_SCOPES, EVE, MIGRATIONS, type SandboxSlackOptions } from './assemble.ts';
export { type BlockProblem, blockTextLength, checkMessage, checkView } from './block-limits.ts';
export type { Fault } from './faults.ts';
export type { Interaction } from './interaction.ts';
export type { SandboxElement } from './look.ts';
export type { ClickOptions } from './on-screen.ts';
export type { CommandOptions, SubmitOptions } from './people.ts';
export type { RateReport } from './rates.ts';
export { SandboxSlack, startSandboxSlack } from './sandbox.ts';
export type { DisconnectHow } from './socket-mode.ts';
export type { SandboxView } from './views.ts';
export type { SandboxCall } from './web-api.ts';
export type {
  SandboxBlock,
  SandboxChange,
  SandboxChannel,
  SandboxEphemeral,
  SandboxFile,
  SandboxMessage,
  SandboxUser,
  SandboxUserGroup,
} from './workspace.ts';
