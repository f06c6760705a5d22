/** `table`: a header row and what stands under it. Wider than the channel, it scrolls by itself. */
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { type JsonObject, objectsAt, textAt } from '../json.ts';
import { cellText, type Row, rowsOf } from './cells.ts';
import { Drawn } from './drawn.tsx';

export function Table({ block }: { readonly block: JsonObject }) {
  const [head, ...body] = rowsOf(block);
  const settings = objectsAt(block, 'column_settings');
  const align = (column: number) => (textAt(settings[column] ?? null, 'align') === 'right' ? 'right' : undefined);
  return (
    <Scroller label="Table">
      <table>
        <thead>
          <tr>
            {head?.map((cell, column) => (
              <th className={align(column)} key={column} scope="col">
                {cellText(cell)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row, place) => (
            <TableRow align={align} key={place} row={row} />
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}

interface TableRowProps {
  readonly row: Row;
  readonly align?: (column: number) => string | undefined;
}

export function TableRow({ row, align }: TableRowProps) {
  return (
    <tr>
      {row.map((cell, column) => (
        <td className={align?.(column)} key={column}>
          {textAt(cell, 'type') === 'rich_text' ? <Drawn block={cell} /> : cellText(cell)}
        </td>
      ))}
    </tr>
  );
}

/** Reached by the keyboard only where there is something to scroll. */
export function Scroller({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  const ref = useRef<HTMLElement>(null);
  const [overflows, setOverflows] = useState(false);
  const [more, setMore] = useState(false);
  useEffect(() => {
    const holder = ref.current;
    if (holder === null) return undefined;
    const measure = () => {
      setOverflows(holder.scrollWidth > holder.clientWidth + 1);
      setMore(holder.scrollLeft + holder.clientWidth < holder.scrollWidth - 2);
    };
    holder.addEventListener('scroll', measure, { passive: true });
    const observer = new ResizeObserver(measure);
    observer.observe(holder);
    if (holder.firstElementChild !== null) observer.observe(holder.firstElementChild);
    return () => {
      observer.disconnect();
      holder.removeEventListener('scroll', measure);
    };
  }, []);
  return (
    <section
      aria-label={label}
      className={more ? 'table-scroller table-more' : 'table-scroller'}
      ref={ref}
      {...(overflows ? { tabIndex: 0 } : {})}
    >
      {children}
    </section>
  );
}
