/** The rows about when things happen. Part of event.ts. */

export type ScheduleEvent =
  /** Nothing happens by itself any more. `approvals`: whether approvals that were given beforehand became void by it. */
  | { readonly kind: 'schedule_cancelled'; readonly user: string; readonly click: number; readonly approvals: boolean }
  /** The start time passed while nobody was there to start. */
  | { readonly kind: 'start_late'; readonly text: string }
  /**
   * A window in which it may switch has opened, has closed without a switch, or has passed unseen. `expected`: whether it
   * should have switched by itself in it.
   */
  | {
      readonly kind: 'window';
      readonly what: 'opened' | 'closed' | 'missed';
      /** Wall-clock milliseconds. */
      readonly opensAt: number;
      readonly closesAt: number;
      readonly expected: boolean;
      readonly text: string;
    };
