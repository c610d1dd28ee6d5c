import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, useState } from "react";
import { cellText, type Table } from "../../model/preview";
import type { Json } from "../../wire/generated";

const ROW = 26;
const FEW = 8;

/** A table; large ones scroll and only draw the rows that are seen. A click on a heading sorts. */
export function TablePreview({ table, cut, large }: { table: Table; cut: boolean; large: boolean }) {
  const [sort, setSort] = useState<{ column: number; down: boolean } | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const order = sorted(table, sort);
  const virtual = useVirtualizer({
    count: order.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const grid = {
    gridTemplateColumns: `minmax(40px,max-content) repeat(${table.columns.length}, minmax(72px, 1fr))`,
  };
  const rows = large
    ? virtual.getVirtualItems().map((item) => ({ row: item.index, top: item.start }))
    : order.slice(0, FEW).map((_, row) => ({ row, top: row * ROW }));
  return (
    <div>
      <div ref={frame} className={`nowheel overflow-auto ${large ? "h-[62vh]" : "max-h-60"}`}>
        <div className="min-w-max">
          <div className="sticky top-0 z-10 grid border-line border-b bg-sunken" style={grid}>
            <span className="px-2 py-1 text-ink-3 text-xs" />
            {table.columns.map((column, index) => (
              <button
                type="button"
                // biome-ignore lint/suspicious/noArrayIndexKey: column names may repeat; their place does not.
                key={index}
                className="nodrag truncate px-2 py-1 text-right font-medium text-ink-2 text-xs hover:text-ink"
                onClick={() =>
                  setSort(
                    sort?.column === index && sort.down
                      ? null
                      : { column: index, down: sort?.column === index },
                  )
                }
              >
                {column}
                {sort?.column === index ? (sort.down ? " ↓" : " ↑") : ""}
              </button>
            ))}
          </div>
          <div className="relative" style={{ height: (large ? order.length : rows.length) * ROW }}>
            {rows.map(({ row, top }) => {
              const source = order[row] ?? 0;
              return (
                <div
                  key={source}
                  className="absolute grid w-full items-center border-line border-b"
                  style={{ ...grid, height: ROW, transform: `translateY(${top}px)` }}
                >
                  <span className="numeric truncate px-2 text-ink-3 text-xs">{table.index[source]}</span>
                  {table.columns.map((_, column) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: a cell is known by its place.
                    <span key={column} className="numeric truncate px-2 text-right text-xs">
                      {cellText(table.rows[source]?.[column])}
                    </span>
                  ))}
                </div>
              );
            })}
          </div>
        </div>
      </div>
      {(cut || (!large && order.length > FEW)) && (
        <p className="px-2 py-1 text-ink-3 text-xs">
          {cut ? "the beginning only" : `${FEW} of ${order.length} rows`}
        </p>
      )}
    </div>
  );
}

function sorted(table: Table, sort: { column: number; down: boolean } | null): readonly number[] {
  const order = table.rows.map((_, index) => index);
  if (!sort) return order;
  const cell = (row: number) => table.rows[row]?.[sort.column];
  return order.sort((a, b) => (sort.down ? -1 : 1) * compare(cell(a), cell(b)));
}

function compare(left: Json | undefined, right: Json | undefined): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  return cellText(left).localeCompare(cellText(right));
}
