/** What the message shows of denials, of a broken glass and of the buttons beside a gate's own. */
import { expect, it } from 'vitest';
import { ACTION_IDS } from '../../../src/domain/view.ts';
import { confirmForm } from '../../../src/slack/blocks/confirm.ts';
import { renderStatus, signatureOf } from '../../../src/slack/blocks/status.ts';
import { actionView, BEN, EVE, gateView, view } from '../support.ts';

const AT = '2024-05-01T10:00:00.000Z';
const SAID = { user: EVE, at: AT, reason: '"Not ∗now∗ <!channel> & co."' };
const text = (...input: Parameters<typeof view>) => JSON.stringify(renderStatus(view(...input)).blocks);

it('a denied gate says so in its line, with a sign and a word', () => {
  const denied = gateView('continue', { denied: SAID, reason: `Denied by <@${EVE}> at noon: "No.".`, needed: 2 });
  expect(text({ gates: [denied] })).toContain(
    `⛔ *continue* is denied (0 of 2 approvals). Denied by <@${EVE}> at noon: \\"No.\\".`,
  );
});

it.each(['syncing', 'streaming', 'switched', 'finished', 'aborted'] as const)(
  'a broken glass is still shown in %s: who, why and how many approvals there were',
  (phase) => {
    const approvals = [{ user: BEN, at: AT }];
    const gates = [gateView('continue', { needed: 3, approvals, brokenGlass: { ...SAID, given: 1, needed: 3 } })];
    const shown = text({ phase, gates });
    expect(shown).toContain(`🚨 *continue* was passed by <@${EVE}> alone, with 1 of 3 approvals, <!date^`);
    expect(shown).toContain('Not ∗now∗ &lt;!channel&gt; &amp; co.');
    expect(shown).toContain(`Approved by <@${BEN}>`);
  },
);

it('what people decided about a gate is sent at once', () => {
  const plain = signatureOf(view({ gates: [gateView('continue')] }));
  expect(signatureOf(view({ gates: [gateView('continue', { denied: SAID })] }))).not.toBe(plain);
  const brokenGlass = { ...SAID, given: 0, needed: 2 };
  expect(signatureOf(view({ gates: [gateView('continue', { brokenGlass })] }))).not.toBe(plain);
});

it('all buttons fit into one row of Slack, and a no asks for a reason alone', () => {
  const actions = ACTION_IDS.map((action) => actionView({ action, consequence: 'x'.repeat(900) }));
  const row = renderStatus(view({ actions })).blocks.find((block) => block.type === 'actions');
  const many = row && 'elements' in row ? row.elements.length : 0;
  expect(many).toBeGreaterThanOrEqual(ACTION_IDS.length);
  expect(many).toBeLessThanOrEqual(25);
  const fields = (action: 'migration:deny' | 'migration:break_glass') =>
    confirmForm(view(), actionView({ action, ask: 'form' }), 'C1').blocks.flatMap((block) =>
      block.type === 'input' ? [block.block_id] : [],
    );
  expect(fields('migration:deny')).toEqual(['reason']);
  expect(fields('migration:break_glass')).toEqual(['name', 'reason']);
});

it('a form that asks for a name or a reason says of what', () => {
  const form = (action: (typeof ACTION_IDS)[number]) => confirmForm(view(), actionView({ action, ask: 'form' }), 'C1');
  expect(form('gate:finish').title.text).toBe('Finish: are you sure?');
  expect(form('migration:break_glass').title.text).toBe('Break glass: sure?');
  expect(form('migration:axe').title.text).toBe('Are you sure?');
  expect(JSON.stringify(form('migration:deny').blocks)).toContain('"Migration: orders"');
  expect(JSON.stringify(form('gate:finish').blocks)).toContain("The migration's name is:");
});
