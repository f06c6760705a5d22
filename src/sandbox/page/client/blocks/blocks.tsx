/**
 * The blocks of a message, a form or the Home tab. Each is drawn on its own and again only when it says something else,
 * so an edit in place moves nothing that stayed the same. Keys are kind and place: Slack gives a block that has no id of
 * its own a new one with every edit.
 */
import { memo } from 'react';
import type { JsonObject } from '../json.ts';
import { objectAt, objectsAt, textAt } from '../json.ts';
import { ActionsBlock, Element } from './actions.tsx';
import { DataTable } from './data-table.tsx';
import { Drawn } from './drawn.tsx';
import { ImageBlock, Picture } from './picture.tsx';
import { Table } from './table.tsx';

interface BlockProps {
  readonly block: JsonObject;
}

export function Blocks({ blocks }: { readonly blocks: readonly JsonObject[] }) {
  const seen = new Map<string, number>();
  return (
    <div className="blocks">
      {blocks.map((block) => {
        const type = textAt(block, 'type');
        const place = seen.get(type) ?? 0;
        seen.set(type, place + 1);
        return <Block block={block} key={`${type}-${place}`} />;
      })}
    </div>
  );
}

const Block = memo(function Block({ block }: BlockProps) {
  switch (textAt(block, 'type')) {
    case 'actions':
      return <ActionsBlock block={block} />;
    case 'table':
      return <Table block={block} />;
    case 'data_table':
      return <DataTable block={block} />;
    case 'section':
      return <Section block={block} />;
    case 'image':
      return <ImageBlock block={block} />;
    case 'context':
      return <Drawn block={withoutPictures(block)} />;
    default:
      return <Drawn block={block} />;
  }
}, same);

function Section({ block }: BlockProps) {
  const accessory = objectAt(block, 'accessory');
  if (accessory === null) return <Drawn block={block} />;
  const { accessory: _, ...text } = block;
  return (
    <div className="section-with-accessory">
      <Drawn block={text} />
      {textAt(accessory, 'type') === 'image' ? (
        <Picture className="picture-small" image={accessory} />
      ) : (
        <Element blockId={textAt(block, 'block_id')} element={accessory} />
      )}
    </div>
  );
}

/** The library would load them from wherever they are. */
function withoutPictures(block: JsonObject): JsonObject {
  const elements = objectsAt(block, 'elements').map((one) =>
    textAt(one, 'type') === 'image' ? { type: 'plain_text', text: `[${textAt(one, 'alt_text') || 'picture'}]` } : one,
  );
  return { ...block, elements };
}

const CLICKABLE = ['actions', 'section'];

function same(before: BlockProps, after: BlockProps): boolean {
  const ignored = CLICKABLE.includes(textAt(after.block, 'type')) ? '' : 'block_id';
  const keys = new Set([...Object.keys(before.block), ...Object.keys(after.block)]);
  return [...keys].every((key) => key === ignored || Object.is(before.block[key], after.block[key]));
}
