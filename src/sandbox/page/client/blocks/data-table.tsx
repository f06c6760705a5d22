/** `data_table`: a caption, columns that sort, and pages. The library draws none. Sorting and page survive an edit. */
import { useState } from 'react';
import { type JsonObject, textAt, wordsAt } from '../json.ts';
import { cellText, compareCells, quantity, rowsOf } from './cells.ts';
import { Scroller, TableRow } from './table.tsx';

interface Sorting {
  readonly column: number;
  readonly direction: 1 | -1;
}

const ARIA = { '1': 'ascending', '-1': 'descending' } as const;

export function DataTable({ block }: { readonly block: JsonObject }) {
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const [wanted, setPage] = useState(0);
  const [head = [], ...body] = rowsOf(block);
  const caption = wordsAt(block, 'caption');
  const size = Number(textAt(block, 'page_size')) || 10;
  const pages = Math.max(1, Math.ceil(body.length / size));
  const page = Math.min(wanted, pages - 1);
  const rows =
    sorting === null
      ? body
      : body.toSorted((a, b) => compareCells(a[sorting.column], b[sorting.column], sorting.direction));
  const shown = rows.slice(page * size, (page + 1) * size);
  const figures = head.map((_, column) => body.every((row) => isFigure(cellText(row[column]))));
  const align = (column: number) => (figures[column] === true ? 'right' : undefined);

  // First up, then down, then as the bot sent it.
  function sortBy(column: number): void {
    setPage(0);
    if (sorting?.column !== column) setSorting({ column, direction: 1 });
    else setSorting(sorting.direction === 1 ? { column, direction: -1 } : null);
  }

  return (
    <div className="data-table">
      <Scroller label={caption}>
        <table>
          <caption>{caption}</caption>
          <thead>
            <tr>
              {head.map((cell, column) => {
                const direction = sorting?.column === column ? sorting.direction : null;
                return (
                  <th
                    aria-sort={direction === null ? 'none' : ARIA[direction]}
                    className={align(column)}
                    key={column}
                    scope="col"
                  >
                    <button onClick={() => sortBy(column)} type="button">
                      {cellText(cell)}
                      <span aria-hidden="true" className="sort-mark">
                        {direction === null ? '↕' : direction === 1 ? '↑' : '↓'}
                      </span>
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, place) => (
              <TableRow align={align} key={place} row={row} />
            ))}
          </tbody>
        </table>
      </Scroller>
      {pages > 1 && (
        <nav aria-label={`Pages of ${caption}`} className="pager">
          <span role="status">
            {page * size + 1}–{page * size + shown.length} of {body.length}
          </span>
          <button className="button button-plain" disabled={page === 0} onClick={() => setPage(page - 1)} type="button">
            Previous
          </button>
          <button
            className="button button-plain"
            disabled={page === pages - 1}
            onClick={() => setPage(page + 1)}
            type="button"
          >
            Next
          </button>
        </nav>
      )}
    </div>
  );
}

function isFigure(text: string): boolean {
  return text === '–' || quantity(text) !== null;
}
