import type { InputBlock } from '@slack/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { destinationsOf, reordered } from '../../../src/domain/pair-order.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import { checkView } from '../../../src/sandbox/slack/index.ts';
import { momentForm, notYouForm, startForm } from '../../../src/slack/blocks/form.ts';
import { goneForm, pairsForm } from '../../../src/slack/blocks/pairs-form.ts';
import { readOrder, readPairsContext } from '../../../src/slack/read-start-form.ts';
import { aPlan } from '../../domain/support/build.ts';

type Form = ReturnType<typeof pairsForm>;

function planOf(hosts: readonly string[], more: Partial<Plan> = {}): Plan {
  const shards = hosts.map((host, index) => ({
    index,
    source: { host: `old-${host}`, port: 6379, tls: false },
    destination: { host: `new-${host}`, port: 65_535, tls: true, user: 'migrator' },
  }));
  return { ...aPlan(1), shards, ...more };
}

function draw(plan: Plan, revision = 0): Form {
  const context = { draft: 'abcdefghijklmnop', revision };
  return pairsForm({ plan, given: destinationsOf(plan).toReversed(), onlyCheck: false, isChanged: true, context });
}

/** What Slack would send back if nothing was touched. */
function untouched(form: Form) {
  const inputs = form.blocks.filter((block): block is InputBlock => block.type === 'input');
  return Object.fromEntries(
    inputs.map(({ block_id: id, element }) => {
      const value = element.type === 'plain_text_input' ? (element.initial_value ?? null) : null;
      return [id ?? '', { [element.action_id ?? '']: { value } }];
    }),
  );
}

const hosts = (count: number, length: number) =>
  Array.from({ length: count }, (_, n) => `${n}${'.h'.repeat(length)}`.slice(0, 230));

describe('the pairs', () => {
  it.each([
    [1, 5],
    [2, 120],
    [20, 120],
    [200, 10],
    [200, 120],
    [201, 10],
    [1000, 10],
    [1000, 120],
  ])('of %d shards with long names keep the limits of a form, and can be read back', (count, length) => {
    const plan = planOf(hosts(count, length));
    const form = draw(plan);
    expect(checkView(form)).toEqual([]);
    expect((form.private_metadata ?? '').length).toBeLessThan(100);
    const text = JSON.stringify(form.blocks);
    for (const number of [1, count]) expect(text.includes(`${number}  old-`)).toBe(true);
    const order = readOrder(untouched(form), 0);
    if (count === 1 || (count === 1000 && length > 100)) expect(order).toBeNull();
    else expect(reordered(plan, order ?? [])).toEqual({ ok: true, plan });
  });

  it('keep the limits whatever was typed for the name and the reason', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        const form = draw(planOf(['a', 'b'], { name: text, reason: text, canary: { shard: 1, soakMs: 0 } }));
        expect(checkView(form)).toEqual([]);
        expect(JSON.stringify(form)).not.toMatch(/<(?:!|@|#)/);
      }),
      { numRuns: 50 },
    );
    expect(JSON.stringify(draw(planOf(['a'], { name: '<!here>', reason: '<!channel>' })))).not.toContain('<!');
  });

  it('hold no password, whoever typed one', () => {
    const plan = planOf(['a', 'b']);
    const box = 'sealed-secret-box';
    const shards = plan.shards.map((shard) => ({
      ...shard,
      source: { ...shard.source, password: { kind: 'sealed', box } as const },
    }));
    expect(JSON.stringify(draw({ ...plan, shards }))).not.toContain(box);
  });
});

it('every other form keeps the limits', () => {
  const many = Array.from({ length: 200 }, (_, n) => `redis-${n}.example.com:6379`);
  for (const form of [momentForm(), notYouForm(`Those who may: ${'<@U1>, '.repeat(400)}`), goneForm()])
    expect(checkView(form)).toEqual([]);
  const full = startForm({ channel: null, defaultCutover: 'overlap', hasGroups: true, sources: many });
  expect(checkView(full)).toEqual([]);
});

it('a form of another version is no context', () => {
  for (const data of ['', '{}', 'null', '[]', '{"draft":1,"revision":0}']) expect(readPairsContext(data)).toBeNull();
});
