/** The rows about who approves a gate, and who does not. Part of event.ts. */
import type { Gate } from './phase.ts';

export type ApprovalEvent =
  | {
      readonly kind: 'approved';
      readonly gate: Gate;
      readonly user: string;
      readonly click: number;
      /** What it was given for: this phase entry, these findings, this plan. Without a plan in rows of before it was kept. */
      readonly entry: number;
      readonly findings: string;
      readonly planHash?: string;
      readonly wipe: boolean;
      /** Absent where it is the same as `user`: who it is under whichever id. */
      readonly person?: string;
      /** Present where whoever asked for the migration gave it under another id. */
      readonly own?: true;
      /** Present where more than one is needed: the how-manieth it is, of how many. */
      readonly count?: { readonly given: number; readonly needed: number };
    }
  | {
      readonly kind: 'approval_revoked';
      readonly gate: Gate;
      readonly user: string;
      readonly click: number;
      /** Number of the row that gave it. */
      readonly approval: number;
    }
  /** What they were given for has changed, or they were not used in time. `approvals`: numbers of the rows that gave them. */
  | {
      readonly kind: 'approvals_void';
      readonly gate: Gate;
      readonly approvals: readonly number[];
      readonly users: readonly string[];
      readonly reason: string;
    }
  /** A gate is open and lacks approvals: those who may give them are called, once. `from`: it takes them for then already. */
  | { readonly kind: 'approval_needed'; readonly gate: Gate; readonly missing: number; readonly from?: number }
  /** It has lacked them for so long: said once in the thread, and once more in the channel. */
  | {
      readonly kind: 'reminded';
      readonly gate: Gate;
      readonly where: 'thread' | 'channel';
      readonly missing: number;
      readonly waitedMs: number;
    }
  /** `approvals`: how many became void by it. */
  | {
      readonly kind: 'gate_denied';
      readonly gate: Gate;
      readonly user: string;
      readonly person?: string;
      readonly click: number;
      readonly entry: number;
      readonly reason: string;
      readonly approvals: number;
    }
  | { readonly kind: 'denial_revoked'; readonly gate: Gate; readonly user: string; readonly click: number }
  | {
      readonly kind: 'asked_again';
      readonly gate: Gate;
      readonly user: string;
      readonly click: number;
      /** Who had denied it. */
      readonly denier: string;
    }
  /** An approver passes an open gate alone. */
  | {
      readonly kind: 'glass_broken';
      readonly gate: Gate;
      readonly user: string;
      readonly click: number;
      readonly entry: number;
      readonly reason: string;
      readonly wipe: boolean;
      readonly given: number;
      readonly needed: number;
    };
