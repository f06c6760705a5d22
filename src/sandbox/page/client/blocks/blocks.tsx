/**
 * The blocks of a message, a form or the Home tab. Each is drawn on its own and again only when it says something else,
 * so an edit in place moves nothing that stayed the same. Keys are kind and place: Slack gives a block that has no id of
 * its own a new one with every edit.
 */
import { memo } from 'react';
import type { JsonObject } from '../json.ts';
import { objectAt, textAt } from '../json.ts';
import { ActionsBlock, Element } from './actions.tsx';
import { DataTable } from './data-table.tsx';
import { Drawn } from './drawn.tsx';
import { Table } from './table.tsx';

/** What a click in these blocks is in: a message, or an ephemeral, in a channel; or a view. */
export interface BlockHost {
  readonly channel: string;
  readonly ts: string;
}

interface BlockProps {
  readonly block: JsonObject;
  readonly host: BlockHost;
}

export function Blocks({ blocks, host }: { readonly blocks: readonly JsonObject[]; readonly host: BlockHost }) {
  const seen = new Map<string, number>();
  return (
    <div className="blocks">
      {blocks.map((block) => {
        const type = textAt(block, 'type');
        const place = seen.get(type) ?? 0;
        seen.set(type, place + 1);
        return <Block block={block} host={host} key={`${type}-${place}`} />;
      })}
    </div>
  );
}

const Block = memo(function Block({ block, host }: BlockProps) {
  switch (textAt(block, 'type')) {
    case 'actions':
      return <ActionsBlock block={block} host={host} />;
    case 'table':
      return <Table block={block} />;
    case 'data_table':
      return <DataTable block={block} />;
    case 'section':
      return <Section block={block} host={host} />;
    default:
      return <Drawn block={block} />;
  }
}, same);

function Section({ block, host }: BlockProps) {
  const accessory = objectAt(block, 'accessory');
  if (accessory === null || textAt(accessory, 'type') !== 'button') return <Drawn block={block} />;
  const { accessory: _, ...text } = block;
  return (
    <div className="section-with-accessory">
      <Drawn block={text} />
      <Element blockId={textAt(block, 'block_id')} element={accessory} host={host} />
    </div>
  );
}

const CLICKABLE = ['actions', 'section'];

function same(before: BlockProps, after: BlockProps): boolean {
  if (before.host.ts !== after.host.ts || before.host.channel !== after.host.channel) return false;
  const ignored = CLICKABLE.includes(textAt(after.block, 'type')) ? '' : 'block_id';
  const keys = new Set([...Object.keys(before.block), ...Object.keys(after.block)]);
  return [...keys].every((key) => key === ignored || Object.is(before.block[key], after.block[key]));
}
