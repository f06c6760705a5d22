/** What the publisher knows of one live message: what was sent of it, and what is to be. */
import type { MigrationId } from '../domain/plan.ts';
import type { Standing } from './turns.ts';

type Changing<T> = { -readonly [Field in keyof T]: T[Field] };

export interface Message extends Changing<Standing> {
  /** Whether the view is to be looked at again. */
  touched: boolean;
  seenSignature: string | null;
  sentKey: string | null;
  sentSignature: string | null;
  sentAt: number;
  failures: number;
}

export function newMessage(id: MigrationId): Message {
  const never = Number.NEGATIVE_INFINITY;
  return {
    id,
    view: null,
    touched: false,
    askedSince: null,
    inFlight: false,
    seenSignature: null,
    unsaidSince: null,
    newsSince: null,
    newsAt: never,
    launchedAt: never,
    notBefore: never,
    sentKey: null,
    sentSignature: null,
    sentAt: never,
    failures: 0,
  };
}
