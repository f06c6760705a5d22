/**
 * What the person has chosen in a message or on the Home tab since it was drawn, and where that is. A form keeps its own
 * in the same shape. It goes to the bot with every click, as Slack sends it.
 */
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react';
import type { BlockPlace } from '../../state.ts';
import type { JsonObject } from '../json.ts';
import { useLatest } from './latest.ts';
import { collect, type Value, type Values } from './values.ts';

export interface FieldsContext {
  readonly at: BlockPlace;
  /** Where a select that begins with the present conversation begins. */
  readonly channel: string;
  readonly values: Values;
  readonly change: (block: string, action: string, value: Value) => void;
  /** As it stands when it is called. */
  readonly collected: () => Values;
}

const Context = createContext<FieldsContext | null>(null);
export const FieldsProvider = Context.Provider;

export function useFields(): FieldsContext {
  const fields = useContext(Context);
  if (fields === null) throw new Error('Only inside a FieldsProvider.');
  return fields;
}

interface FieldsProps {
  readonly at: BlockPlace;
  readonly channel: string;
  readonly blocks: readonly JsonObject[];
  readonly children: ReactNode;
}

export function Fields({ at, channel, blocks, children }: FieldsProps) {
  return <FieldsProvider value={useFieldsOf(at, channel, blocks)}>{children}</FieldsProvider>;
}

/** `keep`: the form's id. What was typed is kept in the browser's tab, so that a reload does not lose it. */
export function useFieldsOf(
  at: BlockPlace,
  channel: string,
  blocks: readonly JsonObject[],
  keep: string | null = null,
): FieldsContext {
  const [values, setValues] = useState<Values>(() => kept(keep));
  // Both as they are, not as they were drawn: one may choose and click before the next drawing.
  const chosen = useRef<Values>(values);
  const shown = useLatest(blocks);
  const where = JSON.stringify(at);
  return useMemo(
    () => ({
      at: JSON.parse(where) as BlockPlace,
      channel,
      values,
      change(block, action, value) {
        chosen.current = { ...chosen.current, [block]: { ...chosen.current[block], [action]: value } };
        setValues(chosen.current);
        if (keep !== null) sessionStorage.setItem(KEPT + keep, JSON.stringify(chosen.current));
      },
      collected: () => collect(shown.current, chosen.current, channel),
    }),
    [where, channel, values, shown, keep],
  );
}

const KEPT = 'form:';

/** What was typed into forms that are open no more. */
export function useForgetting(open: readonly string[]): void {
  const ids = open.join(' ');
  useEffect(() => {
    const needed = ids.split(' ').map((id) => KEPT + id);
    for (const key of Object.keys(sessionStorage))
      if (key.startsWith(KEPT) && !needed.includes(key)) sessionStorage.removeItem(key);
  }, [ids]);
}

function kept(keep: string | null): Values {
  try {
    return keep === null ? {} : (JSON.parse(sessionStorage.getItem(KEPT + keep) ?? '{}') as Values);
  } catch {
    return {};
  }
}
