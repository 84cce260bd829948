// What a plan will do, in figures: model, steps and tokens by phase, memory against what there is, time, advice.
import { bytes, element, integer, seconds } from "./format.js";

const figure = (name, value, unit = "") => element("div", {}, element("dt", {}, name), element("dd", {}, value, " ", element("small", {}, unit)));
const counted = (value, one) => `${integer(value)} ${one}${value === 1 ? "" : "s"}`;
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** In powers of 1000, with three figures. */
function large(value) {
  for (const [size, unit] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (value >= size) return `${Number((value / size).toPrecision(3))}${unit}`;
  }
  return integer(value);
}

function head({ model, stages }) {
  const trained = stages.map((stage) => stage.training).filter((training) => training !== null);
  const expected = trained.map((training) => training.compute?.expected);
  const known = expected.length > 0 && expected.every((one) => one);
  const shape = model?.architecture;
  return element("dl", { class: "figures" },
    figure("Model", model ? large(model.total) : "not known yet", model ? `parameters, ${shape.family.toLowerCase()}, ${shape.layers} layers of ${integer(shape.hiddenSize)}` : "its shape is read from the base when the run prepares"),
    figure("Steps", integer(sum(trained.map((training) => training.steps))), `in ${counted(trained.length, "training stage")}`),
    figure("Tokens", large(sum(trained.map((training) => training.tokens)))),
    figure("Time of the steps", known ? seconds(sum(expected.map((one) => one.seconds))) : "–", known ? "predicted; preparing, starting and saving come on top" : "not known for this model or device"));
}

function phases(training) {
  const mix = (phase) => {
    const all = sum(Object.values(phase.mix));
    return Object.entries(phase.mix).map(([name, share]) => `${name} ${Math.round((100 * share) / all)}\u00a0%`).join(", ");
  };
  return element("div", { class: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, ...[["Phase"], ["Steps", "number"], ["Length", "number"], ["Tokens", "number"], ["Mix"]].map(([text, kind]) => element("th", { class: kind || null }, text)))),
    element("tbody", {}, ...training.phases.map((phase) => element("tr", {},
      element("td", {}, phase.id),
      element("td", { class: "number" }, phase.firstStep === phase.lastStep ? integer(phase.firstStep) : `${integer(phase.firstStep)}–${integer(phase.lastStep)}`),
      element("td", { class: "number" }, integer(phase.sequenceLength)),
      element("td", { class: "number" }, large(phase.tokens)),
      element("td", {}, mix(phase)))))));
}

/** Where ranks share the memory, of all of them; otherwise of one rank on one device. */
function memory({ ranks, compute }) {
  const shared = compute.fit?.device.shared ?? compute.hostMemoryPerRankBytes === 0;
  const times = shared ? ranks : 1;
  const items = compute.memoryPerRank.items.filter((item) => !item.host && item.bytes > 0);
  const needed = compute.fit?.neededBytes ?? times * compute.memoryPerRankBytes;
  const limit = compute.fit?.device.memoryBytes ?? null;
  const scale = Math.max(needed, limit ?? 0);
  const whose = shared && ranks > 1 ? `${integer(ranks)} ranks` : "a rank";
  const fits = compute.fit?.fits ?? true;
  const against = limit === null ? "; no worker is alive to hold it against" : ` of ${bytes(limit)}: ${fits ? "fits" : "does not fit"}, ${needed > 2 * limit ? `${(needed / limit).toFixed(1)} times as much` : `${Math.round((100 * needed) / limit)} %`}`;
  const text = `${bytes(needed)} for ${whose}${against}`;
  const bar = element("div", { class: "shares", role: "img", "aria-label": `memory: ${text}` }, ...items.map((item) => {
    const part = element("span", { "data-item": item.name, title: `${item.name}: ${bytes(times * item.bytes)} = ${item.formula}` });
    part.style.width = `${(100 * times * item.bytes) / scale}%`;
    return part;
  }));
  const holder = element("div", { class: "memory" }, bar);
  if (limit !== null && needed > limit) {
    const mark = element("span", { class: "limit", title: `${bytes(limit)} are there` });
    mark.style.left = `${(100 * limit) / scale}%`;
    holder.append(mark);
  }
  return [
    element("p", { class: "verdict-of-fit", "data-fits": fits ? "yes" : "no" }, element("strong", {}, "Memory: "), text),
    holder,
    element("div", { class: "legend" }, ...items.map((item) => element("span", {}, element("i", { "data-item": item.name }), `${item.name} ${bytes(times * item.bytes)}`))),
    compute.hostMemoryPerRankBytes > 0 ? element("p", { class: "muted" }, `Beside it, of the host's memory: ${bytes(compute.hostMemoryPerRankBytes)} a rank.`) : null,
  ];
}

function settings(proposal, much) {
  const changes = proposal.changes.map((change) => `${change.key}: ${change.to}`).join(", ");
  const later = proposal.notYet.length ? `; not yet: ${proposal.notYet.join(", ")}` : "";
  return element("li", {}, element("span", { class: "mono" }, changes), element("span", { class: "muted" }, ` ${much}, ${proposal.slowdown.toFixed(2)}× the time, ${counted(proposal.ranks, "rank")}${later}`));
}

/** What to change: the changes that suffice, or the whole settings that do. */
function mends(fit) {
  if (!fit || fit.fits) return [];
  const enough = fit.ladder.filter((rung) => rung.fits).slice(0, 3);
  const whole = fit.fitting.slice(0, 2);
  if (!enough.length && !whole.length) return [element("p", {}, "Nothing makes it fit: make the model, the sequences or the batch smaller.")];
  const list = enough.length ? enough : whole;
  return [element("p", {}, "What makes it fit, cheapest first:"), element("ul", { class: "plain" }, ...list.map((one) => settings(one, `needs ${bytes(one.neededBytes)}`)))];
}

/** What the workers that are there now mean for it. */
function onWorkers({ ranks, threadsPerRank, compute }, workers) {
  const largest = workers.filter((worker) => worker.alive).sort((a, b) => b.memoryBytes - a.memoryBytes)[0];
  if (!largest) return [element("p", { class: "error" }, "No worker is alive: a run would wait until one is.")];
  const notes = [];
  if (ranks * threadsPerRank > largest.cores) notes.push(`${counted(ranks, "rank")} of ${counted(threadsPerRank, "thread")} want ${integer(ranks * threadsPerRank)} cores; the largest worker has ${integer(largest.cores)}, so they take turns.`);
  if (compute?.fit?.fits && compute.fit.neededBytes > largest.freeBytes) notes.push(`Only ${bytes(largest.freeBytes)} are free now: it waits for its turn.`);
  return notes.map((note) => element("p", {}, note));
}

function stage({ id, type, training }, workers) {
  const title = element("h3", {}, id, " ", element("span", { class: "muted" }, type));
  if (!training) return element("section", { class: "stage", "aria-label": `stage ${id}` }, title);
  const { compute } = training;
  const each = training.evaluations ? `, ${counted(training.evaluations, "evaluation")} of each dataset` : "";
  return element("section", { class: "stage", "aria-label": `stage ${id}` }, title,
    element("p", { class: "muted" }, `${counted(training.steps, "step")}, ${large(training.tokens)} tokens, ${counted(training.ranks, "rank")} of ${counted(training.threadsPerRank, "thread")}; ${counted(training.checkpoints, "checkpoint")}${each}`),
    phases(training),
    ...(compute ? memory(training) : [element("p", { class: "muted" }, "Memory and time are not known before the run has read the base model.")]),
    compute?.expected ? element("p", {}, element("strong", {}, "Time: "), `${seconds(compute.expected.seconds)} for its steps, ${integer(compute.expected.tokensPerSecondPerRank)} tokens/s a rank `, element("span", { class: "muted" }, `(${compute.expected.assumptions})`)) : null,
    training.precision ? element("p", {}, training.precision) : null,
    ...mends(compute?.fit),
    ...(workers ? onWorkers(training, workers) : []));
}

/** @param workers against which it is held; null where another device is */
export function drawExplanation(parent, explanation, workers) {
  parent.replaceChildren(head(explanation),
    ...(explanation.prediction ? [element("p", { class: "muted" }, `All figures are ${explanation.prediction}.`)] : []),
    ...explanation.stages.map((one) => stage(one, workers)));
}

/** How often each phase goes through a dataset of which so many tokens are known; tiers are left out. */
export function usesOf({ stages }, { dataset, trainingTokens }) {
  return stages.flatMap(({ id, training }) => (training?.phases ?? []).filter((phase) => phase.mix[dataset] && trainingTokens)
    .map((phase) => ({ stage: id, phase: phase.id, entry: dataset, times: (phase.mix[dataset] * phase.sequenceLength) / trainingTokens })));
}
