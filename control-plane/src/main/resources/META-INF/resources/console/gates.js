// What evaluate stages measured in the second runtime: before and after, what is forgotten, what the plan required, and a sample.
import { decimal, element, integer } from "./format.js";

const percent = (share) => `${share > 0 ? "+" : ""}${(100 * share).toFixed(1)} %`;

function figures({ datasets, before = {}, metrics = {}, differences = {} }) {
  const rows = Object.entries(datasets).map(([name, measured]) => {
    const forgotten = metrics[`${name}.forgetting`];
    return element("tr", {}, element("td", {}, name),
      ...[before[name]?.perplexity, measured.perplexity].map((value) => element("td", { class: "number" }, decimal(value, 2))),
      element("td", { class: "number" }, forgotten === undefined ? "–" : percent(forgotten)),
      element("td", { class: "number" }, decimal(measured.loss)),
      element("td", { class: "number optional" }, integer(measured.tokens)),
      element("td", { class: "number optional" }, differences[name] === undefined ? "not compared" : differences[name].toExponential(1)));
  });
  const heads = [["Dataset"], ["Perplexity before", "number"], ["after", "number"], ["Change", "number"], ["Loss, nats/token", "number"], ["Tokens", "number optional"], ["Apart from the trainer", "number optional"]];
  return element("div", { class: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map(([text, kind]) => element("th", { class: kind || null }, text)))),
    element("tbody", {}, ...rows)));
}

function requirement({ metric, value, below, above, holds }) {
  const bounds = [below === null ? null : `below ${below}`, above === null ? null : `above ${above}`].filter((bound) => bound !== null).join(" and ");
  return element("li", { class: holds ? null : "error" }, `${holds ? "✓" : "!"} ${metric} ${value === null ? "was not measured" : `is ${Number(value.toPrecision(5))}`}, must be ${bounds}`);
}

function sample({ prompt, sample: text }) {
  if (!text) return null;
  return element("details", {}, element("summary", {}, "A sample: what the model writes after the start of a held-out document"),
    element("pre", { class: "log", tabindex: 0 }, element("strong", {}, prompt), text));
}

/** Draws a card for each evaluate stage that has measured. */
export function drawGates(parent, stages) {
  const measured = stages.filter((stage) => stage.type === "evaluate" && stage.result?.datasets);
  parent.classList.toggle("hidden", measured.length === 0);
  parent.replaceChildren(...measured.map(({ id, result }) => element("section", { class: "card", "aria-label": `what ${id} measured` },
    element("header", {}, element("h2", {}, `What ${id} measured`), element("span", { class: "muted" }, `of step ${integer(result.step)}, in the second runtime`)),
    figures(result),
    element("ul", { class: "plain" }, ...(result.requirements || []).map(requirement)),
    sample(result))));
}
