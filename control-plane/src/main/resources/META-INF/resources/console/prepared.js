// What was prepared for a run: documents and tokens in all and by source, and how far each dataset has come meanwhile.
import { bytes, clock, element, integer } from "./format.js";

const count = (value, one) => `${integer(value)} ${one}${value === 1 ? "" : "s"}`;
const figure = (name, value, unit = "") => element("div", {}, element("dt", {}, name), element("dd", {}, value, " ", element("small", {}, unit)));

function source({ uri, files, bytes: size, documents, heldOut, duplicates, dropped, tokens }) {
  const facts = [count(files, "file"), bytes(size), count(documents, "document"), count(tokens, "token"), `${integer(heldOut)} held out`, count(duplicates, "duplicate"), `${integer(dropped)} blank`];
  return element("li", {}, element("span", { class: "mono" }, uri), element("span", { class: "muted" }, facts.join(" · ")));
}

/** @param uses how often each phase goes through it: `{stage, phase, entry, times}` */
function done(dataset, uses) {
  const counted = dataset.statistics;
  return element("li", {},
    element("h3", {}, dataset.dataset, dataset.reused ? element("span", { class: "muted" }, " prepared before, used again") : null),
    element("dl", { class: "figures" },
      figure("Documents", integer(counted.documents), `of ${bytes(counted.sourceBytes)}`),
      figure("Tokens to train on", integer(dataset.trainingTokens)),
      figure("Held out", integer(counted.heldOut), `${counted.heldOut === 1 ? "document" : "documents"}, ${count(dataset.heldOutTokens, "token")}`),
      figure("Duplicates", integer(counted.duplicates), "left out"),
      figure("Dropped", integer(counted.dropped), "blank"),
      figure("Took", `${counted.seconds.toFixed(1)} s`, dataset.reused ? "then" : "")),
    uses.length ? element("p", { class: "muted" }, `Gone through: ${uses.map((use) => `${use.stage}, ${use.phase}: ${use.entry} ${use.times.toFixed(1)} times`).join(" · ")}`) : null,
    element("details", { open: counted.sources.length < 4 }, element("summary", {}, `By source: ${counted.sources.length}`), element("ul", { class: "sources" }, ...counted.sources.map(source))));
}

function atWork({ dataset, doing, done: so, unit, bytes: size, at }) {
  return element("li", {}, element("h3", {}, dataset, " ", element("span", { class: "muted" }, "being prepared")),
    element("progress", { "aria-label": `${dataset} is being prepared` }),
    element("p", { class: "muted" }, `${doing}: ${integer(so)} ${unit}${size === null ? "" : `, ${bytes(size)}`} so far, as of ${clock(at)}`));
}

const waits = (name, text) => element("li", {}, element("h3", {}, name, " ", element("span", { class: "muted" }, text)));

/**
 * Draws anew where something changed, so that what is open stays open.
 *
 * @param names of all datasets of the plan, in its order
 * @param unprepared what is said of those that nothing was told of
 */
export function drawPrepared(parent, names, { datasets, preparing = [] }, unprepared, usesOf = (dataset) => dataset.uses) {
  const now = JSON.stringify([names, datasets, preparing, unprepared, datasets.map(usesOf)]);
  if (parent.drawn === now) return;
  parent.drawn = now;
  parent.replaceChildren(...names.map((name) => {
    const coming = preparing.find((one) => one.dataset === name);
    const ready = datasets.find((one) => one.dataset === name);
    return coming ? atWork(coming) : ready ? done(ready, usesOf(ready)) : waits(name, unprepared);
  }));
}
