/** What the bot offers in an external select for what was typed. It is asked when the typing rests, not for each key. */
import { useEffect, useState } from 'react';
import { type JsonObject, textAt } from '../json.ts';
import { send } from '../live.ts';
import { useWorkspace } from '../workspace.tsx';
import { type Choice, choicesIn } from './choices.ts';
import { useFields } from './fields.tsx';
import { useLatest } from './latest.ts';

const REST_MS = 300;
/** Slack's own, where the bot names none. */
const LEAST_CHARACTERS = 3;

interface Question {
  readonly blockId: string;
  readonly element: JsonObject;
  readonly query: string;
  /** Whether the list is open. */
  readonly asks: boolean;
}

interface Offered {
  /** For what is typed now. */
  readonly choices: readonly Choice[];
  /** All that were ever offered here: what was chosen keeps its words. */
  readonly known: readonly Choice[];
  readonly status: string | null;
}

interface Answer {
  readonly query: string;
  readonly choices: readonly Choice[];
  readonly trouble: string | null;
}

export function useOffered({ blockId, element, query, asks }: Question): Offered {
  const { me } = useWorkspace();
  const fields = useFields();
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [known, setKnown] = useState<readonly Choice[]>([]);
  const actionId = textAt(element, 'action_id');
  const least = typeof element['min_query_length'] === 'number' ? element['min_query_length'] : LEAST_CHARACTERS;
  const enough = query.length >= least;
  const now = useLatest(fields);

  useEffect(() => {
    if (!asks || !enough) return undefined;
    let left = false;
    const ask = async () => {
      const { at, collected } = now.current;
      const what = { kind: 'suggest', user: me.id, at, blockId, actionId, values: collected(), query } as const;
      const { trouble, offered } = await send(what);
      if (left) return;
      const choices = offered === undefined ? [] : choicesIn(offered);
      setAnswer({ query, choices, trouble });
      setKnown((before) => [...choices, ...before]);
    };
    const timer = setTimeout(() => void ask(), query === '' ? 0 : REST_MS);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [asks, enough, query, blockId, actionId, me.id, now]);

  if (!enough) return { choices: [], known, status: `Type ${least - query.length} more to search` };
  if (answer?.query !== query) return { choices: [], known, status: 'Searching…' };
  const status = answer.trouble ?? (answer.choices.length === 0 ? 'No results' : null);
  return { choices: answer.choices, known, status };
}
