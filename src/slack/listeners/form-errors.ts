/** Answers to a form that was sent: what is wrong, at its fields. Pure. */
import { plainTimes } from '../../domain/time-mark.ts';
import type { FieldErrors } from '../read-start-form.ts';

const ERROR_CHARACTERS = 1_000;

/** `fields`: the inputs of the form, in their order. What belongs to none of them stands at the first. */
export function errorsAt(errors: FieldErrors, fields: readonly string[]): object {
  const placed: Record<string, string> = {};
  for (const [field, said] of Object.entries(errors)) {
    // An error at a field is plain text.
    const text = plainTimes(said);
    const at = fields.includes(field) ? field : (fields[0] ?? field);
    const all = placed[at] === undefined ? text : `${placed[at]} ${text}`;
    placed[at] = all.length > ERROR_CHARACTERS ? `${all.slice(0, ERROR_CHARACTERS)}…` : all;
  }
  return { response_action: 'errors', errors: placed };
}

export function inputsOf(view: { readonly blocks: readonly { type: string; block_id?: string }[] }): readonly string[] {
  return view.blocks.flatMap((block) => (block.type === 'input' && block.block_id ? [block.block_id] : []));
}
