import type { Plot, Series } from "../../model/plot";
import type { Json } from "../../wire/generated";
import { JsonTree } from "./JsonTree";

const COLOURS = [
  "var(--family-array)",
  "var(--family-dict)",
  "var(--family-text)",
  "var(--family-image)",
  "var(--family-list)",
  "var(--family-table)",
];
const SMALL = { width: 240, height: 160, text: 8, left: 30, bottom: 18, top: 8 };
const LARGE = { width: 900, height: 480, text: 13, left: 64, bottom: 48, top: 16 };

/** A figure's points, lines and bars, drawn by the page itself: no code of a module runs for it. */
export function PlotPreview({ plot, value, large }: { plot: Plot; value: Json; large: boolean }) {
  const size = large ? LARGE : SMALL;
  const width = size.width - size.left - size.text;
  const height = size.height - size.bottom - size.top;
  const named = plot.series.filter((series) => series.name !== "");
  return (
    <figure className="p-2">
      {plot.title && <figcaption className="mb-1 text-center font-medium text-xs">{plot.title}</figcaption>}
      <svg
        role="img"
        data-testid="plot"
        aria-label={`Plot of ${plot.series.length === 1 ? "one series" : `${plot.series.length} series`}`}
        viewBox={`0 0 ${size.width} ${size.height}`}
        className={`block w-full ${large ? "max-h-[60vh]" : ""}`}
        fontSize={size.text}
      >
        <g transform={`translate(${size.left} ${size.top})`}>
          <Ticks plot={plot} width={width} height={height} gap={size.text} isLarge={large} />
          {plot.series.map((series, index) => (
            <Drawn
              // biome-ignore lint/suspicious/noArrayIndexKey: series have no name of their own, and none moves.
              key={index}
              series={series}
              colour={series.colour ?? COLOURS[index % COLOURS.length] ?? "currentColor"}
              width={width}
              height={height}
              isLarge={large}
            />
          ))}
        </g>
      </svg>
      {named.length > 1 && (
        <ul className="mt-1 flex flex-wrap justify-center gap-x-3 text-ink-2 text-xs">
          {plot.series.map((series, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above.
            <li key={index} className="flex items-center gap-1">
              <span
                className="size-2 rounded-full"
                style={{ background: series.colour ?? COLOURS[index % COLOURS.length] }}
              />
              {series.name || `series ${index + 1}`}
            </li>
          ))}
        </ul>
      )}
      {large && (
        <details className="mt-3">
          <summary className="cursor-pointer text-ink-3 text-xs">As data</summary>
          <JsonTree value={value} open={1} />
        </details>
      )}
    </figure>
  );
}

interface TicksProps {
  plot: Plot;
  width: number;
  height: number;
  gap: number;
  isLarge: boolean;
}

function Ticks({ plot, width, height, gap, isLarge }: TicksProps) {
  return (
    <g fill="var(--ink-3)" className="numeric">
      <rect width={width} height={height} fill="var(--surface)" rx={3} />
      {plot.y.ticks.map(({ at, label }) => (
        <g key={at} transform={`translate(0 ${(1 - at) * height})`}>
          <line x2={width} stroke="var(--line)" strokeWidth={gap / 12} />
          <text x={-gap / 2} dy="0.32em" textAnchor="end">
            {label}
          </text>
        </g>
      ))}
      {plot.x.ticks.map(({ at, label }) => (
        <g key={at} transform={`translate(${at * width} 0)`}>
          <line y2={height} stroke="var(--line)" strokeWidth={gap / 12} />
          <text y={height + gap * 1.3} textAnchor="middle">
            {label}
          </text>
        </g>
      ))}
      {isLarge && plot.x.title && (
        <text x={width / 2} y={height + gap * 3} textAnchor="middle" fill="var(--ink-2)">
          {plot.x.title}
        </text>
      )}
      {isLarge && plot.y.title && (
        <text
          transform={`translate(${-gap * 3.8} ${height / 2}) rotate(-90)`}
          textAnchor="middle"
          fill="var(--ink-2)"
        >
          {plot.y.title}
        </text>
      )}
    </g>
  );
}

interface DrawnProps {
  series: Series;
  colour: string;
  width: number;
  height: number;
  isLarge: boolean;
}

const MOST_MARKERS = 500;

function Drawn({ series, colour, width, height, isLarge }: DrawnProps) {
  const { kind, points, bases } = series;
  if (kind === "bars") {
    return points.map((point, index) => {
      if (!point) return null;
      const base = bases[index] ?? 0;
      return (
        <rect
          // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place in the series.
          key={index}
          x={(point.x - series.width / 2) * width}
          y={(1 - Math.max(point.y, base)) * height}
          width={series.width * width}
          height={Math.abs(point.y - base) * height}
          fill={colour}
        >
          <title>{point.label}</title>
        </rect>
      );
    });
  }
  // Where a line has a point for every dot of the screen, the line says it all.
  const hasMarkers = kind === "markers" || (kind === "both" && points.length <= MOST_MARKERS);
  return (
    <g>
      {kind !== "markers" && (
        <path
          d={pathOf(points, width, height)}
          fill="none"
          stroke={colour}
          strokeWidth={isLarge ? 2 : 1.3}
          strokeLinejoin="round"
        />
      )}
      {hasMarkers &&
        points.map(
          (point, index) =>
            point && (
              <circle
                // biome-ignore lint/suspicious/noArrayIndexKey: a marker is its place in the series.
                key={index}
                cx={point.x * width}
                cy={(1 - point.y) * height}
                r={isLarge ? 4 : 1.8}
                fill={colour}
              >
                <title>{point.label}</title>
              </circle>
            ),
        )}
    </g>
  );
}

function pathOf(points: Series["points"], width: number, height: number): string {
  let isDown = false;
  return points
    .map((point) => {
      const command = isDown ? "L" : "M";
      isDown = point !== null;
      return point ? `${command}${(point.x * width).toFixed(2)} ${((1 - point.y) * height).toFixed(2)}` : "";
    })
    .join("");
}
