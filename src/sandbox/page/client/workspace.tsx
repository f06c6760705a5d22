/** What every corner of the page needs to know: who acts, who there is, how to send what they do. */
import { createContext, useContext } from 'react';
import type { Act, DemoState, Person } from '../state.ts';
import type { Theme } from './theme.ts';

export interface WorkspaceContext {
  readonly state: DemoState;
  readonly me: Person;
  readonly theme: Theme;
  /** Sends it, and shows what went wrong. Resolves to whether all went well. */
  readonly act: (act: Act) => Promise<boolean>;
}

const Context = createContext<WorkspaceContext | null>(null);
export const WorkspaceProvider = Context.Provider;

export function useWorkspace(): WorkspaceContext {
  const workspace = useContext(Context);
  if (workspace === null) throw new Error('Only inside a WorkspaceProvider.');
  return workspace;
}

export function personOf(state: DemoState, id: string): Person {
  return state.people.find((person) => person.id === id) ?? { id, name: id, role: 'nobody' };
}

export const ROLE_WORDS: Readonly<Record<string, string>> = {
  requester: 'Requester',
  approver: 'Approver',
  nobody: 'May do nothing',
  bot: 'App',
};
