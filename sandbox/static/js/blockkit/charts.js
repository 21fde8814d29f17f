// data_visualization: line, bar, area and pie as SVG. Series differ by colour and by dash or marker; a table of the
// numbers stands beside the drawing for screen readers.
import { h, s, uid } from "../dom.js";

const WIDTH = 560;
const HEIGHT = 240;
const PAD = { top: 12, right: 12, bottom: 44, left: 52 };
const DASHES = ["", "7 4", "2 4", "10 4 2 4", "5 2", "1 3"];
const SHAPES = [
  (x, y) => s("circle", { cx: x, cy: y, r: 3.2 }),
  (x, y) => s("rect", { x: x - 3, y: y - 3, width: 6, height: 6 }),
  (x, y) => s("path", { d: `M${x} ${y - 4}l4 7h-8z` }),
  (x, y) => s("path", { d: `M${x} ${y - 4}l4 4-4 4-4-4z` }),
  (x, y) => s("path", { d: `M${x} ${y + 4}l4-7h-8z` }),
  (x, y) => s("circle", { cx: x, cy: y, r: 2 }),
];

const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const full = new Intl.NumberFormat("en", { maximumFractionDigits: 4 });

/** Round numbers that cover the values: at most six gridlines, zero always among them. */
function ticks(low, high, whole) {
  const span = high - low || 1;
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const sizes = [1, 2, 2.5, 5, 10].map((m) => m * power).filter((size) => !whole || Number.isInteger(size));
  const step = sizes.find((size) => span / size <= 5) ?? Math.max(1, power * 10);
  const out = [];
  for (let v = Math.floor(low / step); v <= Math.ceil(high / step); v += 1) out.push(v * step);
  return out;
}

function frame(chart, values, yOf, marks) {
  const { categories, x_label: xLabel, y_label: yLabel } = chart.axis_config;
  const slot = (WIDTH - PAD.left - PAD.right) / categories.length;
  const every = Math.ceil((categories.length * 62) / (WIDTH - PAD.left - PAD.right));
  return [
    marks.map((v) => s("line", { class: "grid-line", x1: PAD.left, x2: WIDTH - PAD.right, y1: yOf(v), y2: yOf(v) })),
    marks.map((v) => s("text", { class: "tick", x: PAD.left - 8, y: yOf(v) + 4, "text-anchor": "end" }, short.format(v))),
    categories.map((name, i) =>
      i % every ? null : s("text", { class: "tick", x: PAD.left + slot * (i + 0.5), y: HEIGHT - PAD.bottom + 17, "text-anchor": "middle" }, name.length > 11 && slot * every < 80 ? `${name.slice(0, 10)}…` : name),
    ),
    xLabel ? s("text", { class: "axis-title", x: (WIDTH + PAD.left) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, xLabel) : null,
    yLabel ? s("text", { class: "axis-title", x: 12, y: (HEIGHT - PAD.bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(HEIGHT - PAD.bottom) / 2})` }, yLabel) : null,
  ];
}

const title = (text) => s("title", {}, text);

function drawBars(chart, slot, yOf) {
  const gap = Math.min(14, slot * 0.2);
  const width = (slot - gap) / chart.series.length;
  return chart.series.map((series, n) =>
    s(
      "g",
      { class: `series-${n}` },
      series.data.map((point) => {
        const i = chart.axis_config.categories.indexOf(point.label);
        const [top, zero] = [yOf(Math.max(point.value, 0)), yOf(Math.min(point.value, 0))];
        const x = PAD.left + slot * i + gap / 2 + width * n;
        return s("rect", { class: "bar", x, y: top, width: Math.max(1, width - 2), height: Math.max(0.5, zero - top), rx: 2 }, title(`${series.name}, ${point.label}: ${full.format(point.value)}`));
      }),
    ),
  );
}

function drawLines(chart, slot, yOf, filled) {
  return chart.series.map((series, n) => {
    const at = (point) => [PAD.left + slot * (chart.axis_config.categories.indexOf(point.label) + 0.5), yOf(point.value)];
    const path = series.data.map((point, i) => `${i ? "L" : "M"}${at(point).join(" ")}`).join("");
    const ends = [series.data[0], series.data.at(-1)].map((point) => at(point)[0]);
    return s(
      "g",
      { class: `series-${n}` },
      filled ? s("path", { class: "area", d: `${path}L${ends[1]} ${yOf(0)}L${ends[0]} ${yOf(0)}z` }) : null,
      s("path", { class: "line", d: path, "stroke-dasharray": DASHES[n % 6] }),
      series.data.map((point) => s("g", { class: "marker" }, SHAPES[n % 6](...at(point)), title(`${series.name}, ${point.label}: ${full.format(point.value)}`))),
    );
  });
}

function drawXY(chart) {
  const values = chart.series.flatMap((series) => series.data.map((point) => point.value));
  const marks = ticks(Math.min(0, ...values), Math.max(0, ...values) || 1, values.every(Number.isInteger));
  const [low, high] = [marks[0], marks.at(-1)];
  const yOf = (v) => PAD.top + ((high - v) / (high - low)) * (HEIGHT - PAD.top - PAD.bottom);
  const slot = (WIDTH - PAD.left - PAD.right) / chart.axis_config.categories.length;
  return [
    frame(chart, values, yOf, marks),
    chart.type === "bar" ? drawBars(chart, slot, yOf) : drawLines(chart, slot, yOf, chart.type === "area"),
    s("line", { class: "axis-line", x1: PAD.left, x2: WIDTH - PAD.right, y1: yOf(0), y2: yOf(0) }),
  ];
}

function drawPie(chart) {
  const total = chart.segments.reduce((sum, segment) => sum + segment.value, 0) || 1;
  const [cx, cy, r] = [HEIGHT / 2, HEIGHT / 2, HEIGHT / 2 - 14];
  const point = (turn, radius = r) => [cx + radius * Math.sin(turn * 2 * Math.PI), cy - radius * Math.cos(turn * 2 * Math.PI)];
  let turn = 0;
  return chart.segments.map((segment, n) => {
    const share = segment.value / total;
    const [from, to] = [turn, turn + share];
    turn = to;
    const middle = point((from + to) / 2, r * 0.68);
    const whole = share > 0.9999;
    const d = `M${cx} ${cy}L${point(from).join(" ")}A${r} ${r} 0 ${share > 0.5 ? 1 : 0} 1 ${point(to).join(" ")}z`;
    const tip = title(`${segment.label}: ${full.format(segment.value)} (${Math.round(share * 100)}%)`);
    return s(
      "g",
      { class: `series-${n}` },
      whole ? s("circle", { class: "slice", cx, cy, r }, tip) : s("path", { class: "slice", d }, tip),
      share > 0.06 ? s("text", { class: "slice-label", x: middle[0], y: middle[1] + 4, "text-anchor": "middle" }, `${Math.round(share * 100)}%`) : null,
    );
  });
}

function numbers(block) {
  const { chart } = block;
  const table = (head, rows) =>
    h("table", { class: "sr-only" }, h("caption", {}, block.title), h("thead", {}, h("tr", {}, head.map((c) => h("th", { scope: "col" }, c)))), h("tbody", {}, rows.map((row) => h("tr", {}, row.map((c, i) => h(i ? "td" : "th", {}, String(c)))))));
  if (chart.type === "pie") return table(["Segment", "Value"], chart.segments.map((item) => [item.label, item.value]));
  const value = (series, label) => series.data.find((point) => point.label === label)?.value ?? "";
  return table([chart.axis_config.x_label ?? "", ...chart.series.map((item) => item.name)], chart.axis_config.categories.map((label) => [label, ...chart.series.map((series) => value(series, label))]));
}

function key(n, type) {
  const box = s("svg", { class: `key series-${n}`, viewBox: "0 0 24 12", "aria-hidden": "true" });
  if (type === "bar" || type === "pie") box.append(s("rect", { class: "bar", x: 6, y: 0, width: 12, height: 12, rx: 3 }));
  else box.append(s("path", { class: "line", d: "M0 6h24", "stroke-dasharray": DASHES[n % 6] }), s("g", { class: "marker" }, SHAPES[n % 6](12, 6)));
  return box;
}

export function dataVisualization(block) {
  const { chart } = block;
  const pie = chart.type === "pie";
  const names = pie ? chart.segments.map((segment) => `${segment.label} · ${full.format(segment.value)}`) : chart.series.map((series) => series.name);
  const id = uid("chart");
  const drawing = s(
    "svg",
    { class: `chart chart-${chart.type}`, viewBox: `0 0 ${pie ? HEIGHT : WIDTH} ${HEIGHT}`, role: "img", "aria-labelledby": id },
    pie ? drawPie(chart) : drawXY(chart),
  );
  return h(
    "figure",
    { class: pie ? "with-side-legend" : "" },
    h("figcaption", { id }, block.title),
    h("div", { class: "chart-row" }, drawing, names.length > 1 || pie ? h("ul", { class: "legend" }, names.map((name, n) => h("li", {}, key(n, chart.type), name))) : null),
    numbers(block),
  );
}
