import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { cellText } from "../../model/preview";
import {
  grouped,
  missingPages,
  PAGE_COLUMNS,
  PAGE_ROWS,
  pageOf,
  type ValueInfo,
  type ValueWindow,
} from "../../model/values";
import { Button } from "../../parts/Button";
import { messageOf } from "../../rpc/errors";
import { readWindow, ValueChanged } from "../../store/values";

const ROW = 26;
/** Browsers draw no taller elements; rows beyond are reached by typing their number. */
const MOST_ROWS = 600_000;

interface Props {
  node: string;
  port: string;
  info: ValueInfo;
  /** Called when the value is not this one any more. */
  onChanged: () => void;
}

/** A table of any length: only the rows that are seen are drawn, and only the pages around them are read. */
export function WindowedTable({ node, port, info, onChanged }: Props) {
  const [first, setFirst] = useState(0);
  const [column, setColumn] = useState(0);
  const [at, setAt] = useState<readonly number[]>(info.shape.slice(0, -2).map(() => 0));
  return (
    <div data-testid="windowed-table">
      <Where
        info={info}
        at={at}
        onAt={setAt}
        first={first}
        onFirst={setFirst}
        column={column}
        onColumn={setColumn}
      />
      <Rows
        key={`${column}/${first}/${at.join(",")}`}
        {...{ node, port, info, onChanged, first, column, at }}
      />
    </div>
  );
}

function Rows({
  node,
  port,
  info,
  onChanged,
  first,
  column,
  at,
}: Props & { first: number; column: number; at: readonly number[] }) {
  const frame = useRef<HTMLDivElement>(null);
  const asked = useRef(new Set<number>());
  const [pages, setPages] = useState<ReadonlyMap<number, ValueWindow>>(new Map());
  const [problem, setProblem] = useState<string | null>(null);
  const { rows } = info;
  const virtual = useVirtualizer({
    count: Math.min(MOST_ROWS, rows - first),
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  const seen = virtual.getVirtualItems();
  const from = first + (seen[0]?.index ?? 0);
  const to = first + (seen.at(-1)?.index ?? Math.min(rows - first, 30) - 1);
  useEffect(() => {
    for (const page of missingPages(from, to, asked.current)) {
      asked.current.add(page);
      readWindow(node, port, info, page, column, at).then(
        (window) => setPages((known) => new Map(known).set(page, window)),
        (error: unknown) => {
          asked.current.delete(page);
          if (error instanceof ValueChanged) onChanged();
          else setProblem(messageOf(error));
        },
      );
    }
  }, [node, port, info, onChanged, column, at, from, to]);

  const head = pages.values().next().value;
  const columns = head?.columns ?? [];
  const grid = {
    gridTemplateColumns: `minmax(64px,max-content) repeat(${Math.max(1, columns.length)}, minmax(96px, 1fr))`,
  };
  return (
    <>
      {problem && <p className="px-2 py-1 text-danger">{problem}</p>}
      <div ref={frame} className="nowheel h-[56vh] overflow-auto" data-testid="windowed-rows">
        <div className="min-w-max">
          <div className="sticky top-0 z-10 grid border-line border-b bg-sunken" style={grid}>
            <span className="px-2 py-1 text-ink-3 text-xs" />
            {range(columns.length).map((place) => (
              <span
                key={place}
                className="truncate px-2 py-1 text-right font-medium text-ink-2 text-xs"
                title={columns[place]?.dtype}
              >
                {columns[place]?.name}
              </span>
            ))}
          </div>
          <div className="relative" style={{ height: virtual.getTotalSize() }}>
            {seen.map((item) => (
              <Row
                key={item.index}
                row={first + item.index}
                top={item.start}
                grid={grid}
                pages={pages}
                columns={columns.length}
              />
            ))}
          </div>
        </div>
      </div>
    </>
  );
}

interface RowProps {
  row: number;
  top: number;
  grid: { gridTemplateColumns: string };
  pages: ReadonlyMap<number, ValueWindow>;
  columns: number;
}

function Row({ row, top, grid, pages, columns }: RowProps) {
  const page = pages.get(pageOf(row));
  const place = page ? row - page.start : 0;
  return (
    <div
      className="absolute grid w-full items-center border-line border-b"
      style={{ ...grid, height: ROW, transform: `translateY(${top}px)` }}
    >
      <span className="numeric truncate px-2 text-ink-3 text-xs">
        {page?.index ? cellText(page.index[place]) : grouped(row)}
      </span>
      {range(Math.max(1, columns)).map((column) => (
        <span
          key={column}
          className="numeric truncate px-2 text-right text-xs"
          title={page && cellText(page.columns[column]?.values[place])}
        >
          {page ? cellText(page.columns[column]?.values[place]) : <span className="text-ink-3">…</span>}
        </span>
      ))}
    </div>
  );
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, place) => place);
}

interface WhereProps {
  info: ValueInfo;
  at: readonly number[];
  onAt: (at: readonly number[]) => void;
  first: number;
  onFirst: (row: number) => void;
  column: number;
  onColumn: (column: number) => void;
}

/** Which part is shown: the plane of an array, the first row of a very long one, the columns of a wide one. */
function Where({ info, at, onAt, first, onFirst, column, onColumn }: WhereProps) {
  const isLong = info.rows > MOST_ROWS;
  const isWide = info.columns > PAGE_COLUMNS;
  if (!isLong && !isWide && at.length === 0) return null;
  return (
    <div className="flex flex-wrap items-center gap-3 border-line border-b px-2 py-1.5 text-ink-2 text-xs">
      {range(at.length).map((dimension) => (
        <Place
          key={dimension}
          label={`Axis ${dimension}`}
          value={at[dimension] ?? 0}
          most={(info.shape[dimension] ?? 1) - 1}
          onChange={(next) => onAt(at.map((old, other) => (other === dimension ? next : old)))}
        />
      ))}
      {isLong && (
        <Place
          label="From row"
          value={first}
          most={info.rows - 1}
          onChange={(row) => onFirst(Math.floor(row / PAGE_ROWS) * PAGE_ROWS)}
        />
      )}
      {isWide && (
        <span className="flex items-center gap-1.5">
          <Button
            className="h-6 px-2"
            disabled={column === 0}
            onClick={() => onColumn(Math.max(0, column - PAGE_COLUMNS))}
          >
            ‹
          </Button>
          columns {grouped(column)}–{grouped(Math.min(info.columns, column + PAGE_COLUMNS) - 1)} of{" "}
          {grouped(info.columns)}
          <Button
            className="h-6 px-2"
            disabled={column + PAGE_COLUMNS >= info.columns}
            onClick={() => onColumn(column + PAGE_COLUMNS)}
          >
            ›
          </Button>
        </span>
      )}
    </div>
  );
}

interface PlaceProps {
  label: string;
  value: number;
  most: number;
  onChange: (value: number) => void;
}

function Place({ label, value, most, onChange }: PlaceProps) {
  return (
    <label className="flex items-center gap-1.5">
      {label}
      <input
        type="number"
        min={0}
        max={most}
        value={value}
        onChange={(event) =>
          onChange(Math.max(0, Math.min(most, Math.floor(Number(event.target.value) || 0))))
        }
        className="numeric h-6 w-24 rounded-md border border-line bg-surface px-1.5 text-right"
      />
      <span className="text-ink-3">of {grouped(most)}</span>
    </label>
  );
}
