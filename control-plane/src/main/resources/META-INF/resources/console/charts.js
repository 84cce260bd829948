// The charts of a training stage: one cursor, restarts and phase changes marked, rolled-back steps greyed.
import uPlot from "/webjars/uplot/1.6.30/dist/uPlot.esm.js";
import { bytes, element } from "./format.js";

const sync = uPlot.sync("run");
let plots = [];
let drawn = "";

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Draws vertical marks: where an attempt began again (dashed) and where a phase began (dotted). */
function marks(metrics, phases) {
  const restarts = metrics.steps.filter((_, index) => index > 0 && metrics.attempt[index] !== metrics.attempt[index - 1]);
  const starts = phases.slice(1).map((phase) => phase.firstStep);
  return (plot) => {
    const context = plot.ctx;
    context.save();
    context.lineWidth = 1;
    context.strokeStyle = color("--muted");
    for (const [steps, dash] of [[restarts.filter((step) => !starts.includes(step)), [6, 4]], [starts, [2, 3]]]) {
      context.setLineDash(dash);
      for (const step of steps) {
        const x = Math.round(plot.valToPos(step, "x", true)) + 0.5;
        if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) continue;
        context.beginPath();
        context.moveTo(x, plot.bbox.top);
        context.lineTo(x, plot.bbox.top + plot.bbox.height);
        context.stroke();
      }
    }
    context.restore();
  };
}

/** @param next of the plots of the same kind that are there already */
function chart(parent, title, wide, data, series, draw, format, next) {
  const present = next?.shift();
  if (present) {
    present.draw = draw;
    present.plot.setData(data);
    return;
  }
  const holder = element("div", { class: wide ? "chart wide" : "chart" }, element("h3", {}, title));
  parent.append(holder);
  const entry = { plot: null, holder, draw };
  const axis = { stroke: color("--muted"), grid: { stroke: color("--grid"), width: 1 }, ticks: { stroke: color("--grid"), width: 1 } };
  const plot = new uPlot({
    width: holder.clientWidth,
    height: wide ? 280 : 170,
    cursor: { sync: { key: sync.key } },
    legend: { live: true },
    scales: { x: { time: false } },
    axes: [axis, { ...axis, size: 78, values: (_, splits) => splits.map((value) => format(value)) }],
    series: [{ label: "step" }, ...series.map((line) => ({ ...line, value: (_, value) => (value === null ? "–" : format(value)) }))],
    hooks: { drawClear: [(drawing) => entry.draw(drawing)] },
  }, data, holder);
  entry.plot = plot;
  plots.push(entry);
}

/** Splits a series into the steps that hold and those that were rolled back. */
function split(values, rolledBack) {
  return [values.map((value, index) => (rolledBack[index] ? null : value)), values.map((value, index) => (rolledBack[index] ? value : null))];
}

const compact = (value) => (value === null ? "–" : Math.abs(value) >= 10000 ? `${(value / 1000).toFixed(1)}k` : Number(value.toPrecision(4)).toString());

/** Draws anew where the series or the colours are others, and changes the data where only that is. */
export function drawCharts(parent, stage, metrics, phases) {
  const kind = JSON.stringify([stage, Object.keys(metrics.series), Object.keys(metrics.evaluations), document.documentElement.dataset.theme]);
  const next = kind === drawn ? [...plots] : null;
  drawn = kind;
  if (!next) {
    plots.forEach(({ plot }) => plot.destroy());
    plots = [];
    parent.replaceChildren();
  }
  const draw = marks(metrics, phases);
  const [kept, undone] = split(metrics.series.loss, metrics.rolledBack);
  const evaluations = Object.entries(metrics.evaluations);
  const x = [...new Set([...metrics.steps, ...evaluations.flatMap(([, points]) => points.map((point) => point.step))])].sort((a, b) => a - b);
  const spread = (steps, values) => { const at = new Map(steps.map((step, index) => [step, values[index]])); return x.map((step) => at.get(step) ?? null); };
  const dots = ["--chart-2", "--chart-3", "--chart-4"];
  const dashes = [[3, 3], [9, 3], [1, 5]];
  chart(parent, "Loss, nats per token: training line, held-out points", true,
    [x, spread(metrics.steps, kept), spread(metrics.steps, undone), ...evaluations.map(([, points]) => spread(points.map((point) => point.step), points.map((point) => point.loss)))],
    [
      { label: "training", stroke: color("--chart-1"), width: 1.5, spanGaps: true },
      { label: "rolled back", stroke: color("--muted"), width: 1 },
      ...evaluations.map(([dataset], index) => ({ label: `${dataset}, held out`, stroke: color(dots[index % dots.length]), width: 1, dash: dashes[Math.floor(index / dots.length) % dashes.length], spanGaps: true, points: { show: true, size: 7, fill: color(dots[index % dots.length]) } })),
    ], draw, compact, next);
  const small = [
    ["Tokens per second, all ranks", "tokensPerSecond", compact],
    ["Z-loss, nats per token, not part of the loss", "zLoss", compact],
    ["Model FLOPs utilisation of rank 0 (MFU)", "mfu", compact],
    ["Learning rate", "learningRate", (value) => (value === null ? "–" : value.toExponential(2))],
    ["Gradient norm, before clipping", "gradientNorm", compact],
    ["Step time, seconds", "seconds.total", compact],
    ["Sequence length, tokens", "sequenceLength", compact],
    ["Peak memory of rank 0", "residentBytes", bytes],
  ];
  for (const [title, name, format] of small) {
    if (!metrics.series[name]) continue;
    const [now, before] = split(metrics.series[name], metrics.rolledBack);
    chart(parent, title, false, [metrics.steps, now, before],
      [{ label: "value", stroke: color("--chart-2"), width: 1.25, spanGaps: true }, { label: "rolled back", stroke: color("--muted"), width: 1 }], draw, format, next);
  }
}

addEventListener("resize", () => plots.forEach(({ plot, holder }) => plot.setSize({ width: holder.clientWidth, height: plot.height })));
