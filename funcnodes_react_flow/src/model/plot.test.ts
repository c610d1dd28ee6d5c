// @vitest-environment node
import { describe, expect, it } from "vitest";
import type { Json } from "../wire/generated";
import { plotOf } from "./plot";
import { lineOf, shown } from "./preview";

const figure = (data: Json, layout: Json = {}): Json => ({ data, layout });
const placesOf = (value: Json) =>
  plotOf(value)?.series.map(({ points }) => points.map((point) => point && [round(point.x), round(point.y)]));
const round = (value: number) => Math.round(value * 1000) / 1000;
const MARGIN = 0.037;

describe("a figure", () => {
  it("has its points between the axes, and gaps where values are missing", () => {
    const value = figure([{ type: "scatter", mode: "lines", x: [0, 5, 10], y: [1, null, 3], name: "rise" }]);
    expect(placesOf(value)).toEqual([[[MARGIN, MARGIN], null, [1 - MARGIN, 1 - MARGIN]]]);
    const plot = plotOf(value);
    expect([plot?.series[0]?.kind, plot?.series[0]?.points[2]?.label]).toEqual(["lines", "10, 3"]);
    expect(plot?.x.ticks.map(({ label }) => label)).toEqual(["0", "5", "10"]);
    expect(plot?.y.ticks.map(({ label }) => label)).toEqual(["1", "1.5", "2", "2.5", "3"]);
  });

  it("counts from nought where it says no x, and marks a few points", () => {
    const plot = plotOf(figure([{ type: "scatter", y: [4, 5, 6] }], { title: { text: "<b>Heat</b>" } }));
    expect([plot?.title, plot?.series[0]?.kind]).toEqual(["Heat", "both"]);
    expect(plot?.series[0]?.points.map((point) => point?.label)).toEqual(["0, 4", "1, 5", "2, 6"]);
  });

  it("is read from the bytes of an array too", () => {
    const bdata = Buffer.from(Float64Array.from([1, Number.NaN, 2]).buffer).toString("base64");
    const small = Buffer.from(Int8Array.from([-1, 0, 1]).buffer).toString("base64");
    const value = figure([
      { type: "scatter", mode: "markers", x: { dtype: "i1", bdata: small }, y: { dtype: "f8", bdata } },
    ]);
    expect(placesOf(value)).toEqual([[[MARGIN, MARGIN], null, [1 - MARGIN, 1 - MARGIN]]]);
  });

  it("has bars beside one another, from nought", () => {
    const bars = (y: Json): Json => ({ type: "bar", x: ["a", "b"], y });
    const plot = plotOf(figure([bars([2, 4]), bars([-2, 0])]));
    const [one, two] = plot?.series ?? [];
    expect([one?.width, two?.width].map((width) => round(width ?? 0))).toEqual([0.2, 0.2]);
    expect(one?.points.map((point) => round(point?.x ?? 0))).toEqual([0.15, 0.65]);
    expect(two?.points.map((point) => round(point?.x ?? 0))).toEqual([0.35, 0.85]);
    expect(one?.bases).toEqual(two?.bases);
    expect(two?.points[0]?.y).toBeLessThan(two?.bases[0] ?? 0);
    expect(plot?.x.ticks.map(({ label }) => label)).toEqual(["a", "b"]);
  });

  it("has bars on one another where it says so, the label telling its own part", () => {
    const bars = (y: Json): Json => ({ type: "bar", x: ["a"], y });
    const plot = plotOf(figure([bars([2]), bars([3])], { barmode: "relative" }));
    const [one, two] = plot?.series ?? [];
    expect(two?.bases[0]).toBeCloseTo(one?.points[0]?.y ?? 0);
    expect(two?.points[0]?.label).toBe("a, 3");
  });

  it("has dates on its axis", () => {
    const plot = plotOf(figure([{ type: "scatter", x: ["2024-01-01", "2024-01-31"], y: [1, 2] }]));
    expect(plot?.series[0]?.points[1]?.label).toBe("2024-01-31, 2");
    expect(plot?.x.ticks.map(({ label }) => label)).toEqual([
      "2024-01-04",
      "2024-01-11",
      "2024-01-18",
      "2024-01-25",
      "2024-02-01",
    ]);
    const times = plotOf(
      figure([{ type: "scatter", x: ["2024-01-01 10:00", "2024-01-01T11:00:00"], y: [1, 2] }]),
    );
    expect(times?.series[0]?.points[1]?.label).toBe("01-01 11:00, 2");
  });

  it("loses nothing that stands out among very many points", () => {
    const y = Array.from({ length: 100_000 }, (_, index) => (index === 77_777 ? 9 : index % 2));
    const points = plotOf(figure([{ type: "scatter", mode: "lines", y }]))?.series[0]?.points ?? [];
    expect(points.length).toBeLessThanOrEqual(2_002);
    expect(points.some((point) => point?.label === "77777, 9")).toBe(true);
  });

  it("takes a colour, and nothing else that stands where a colour should", () => {
    const colours = ["#ff0000", "rgb(1, 2, 3)", "red", "url(http://x/y)", "var(--ink)"].map(
      (color): Json => ({ type: "scatter", y: [1, 2], line: { color } }),
    );
    expect(plotOf(figure(colours))?.series.map(({ colour }) => colour)).toEqual([
      "#ff0000",
      "rgb(1, 2, 3)",
      "red",
      null,
      null,
    ]);
  });

  it.each<[string, Json]>([
    ["no figure", { data: [1], layout: {} }],
    ["nothing in it", figure([])],
    ["another kind of trace", figure([{ type: "pie", values: [1] }])],
    [
      "one of another kind beside ours",
      figure([
        { type: "scatter", y: [1] },
        { type: "heatmap", z: [[1]] },
      ]),
    ],
    ["a logarithmic axis", figure([{ type: "scatter", y: [1, 2] }], { yaxis: { type: "log" } })],
    ["a part of the axis only", figure([{ type: "scatter", y: [1, 2] }], { xaxis: { range: [0, 1] } })],
    ["several axes", figure([{ type: "scatter", y: [1, 2] }], { yaxis2: {} })],
    ["filled areas", figure([{ type: "scatter", y: [1, 2], fill: "tozeroy" }])],
    ["bars that lie", figure([{ type: "bar", y: [1, 2], orientation: "h" }])],
    ["bars of words", figure([{ type: "bar", y: ["a"] }])],
    ["broken bytes", figure([{ type: "scatter", y: { dtype: "f8", bdata: "AAAA" } }])],
    ["a matrix", figure([{ type: "scatter", y: [[1, 2]] }])],
    ["no values at all", figure([{ type: "scatter", y: [] }])],
  ])("with %s stays a tree", (_what, value) => {
    expect(plotOf(value)).toBeNull();
    expect(shown({ mime: "application/json", value, cut: false, type: "Figure" }).kind).toBe("tree");
  });

  it("that came in part stays a tree", () => {
    const value = figure([{ type: "scatter", y: [1, 2] }]);
    const preview = { mime: "application/json", value, type: "Figure" };
    expect(shown({ ...preview, cut: true }).kind).toBe("tree");
    expect(lineOf({ ...preview, cut: false })).toBe("plot of one series");
  });
});
