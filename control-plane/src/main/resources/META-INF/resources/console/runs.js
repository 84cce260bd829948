import { api } from "./api.js";
import { notUpToDate, upToDate } from "./banner.js";
import { ago, bytes, decimal, element, integer, replace, seconds, sparkline, status } from "./format.js";
import { shell } from "./shell.js";
import { labels, steer } from "./steer.js";

const filters = document.getElementById("filters");
const refreshMillis = 3000;
const pageSize = 50;
let pages = 1;
let queueShown = "";

function readFilters() {
  const parameters = new URLSearchParams(location.search);
  filters.elements.name.value = parameters.get("name") || "";
  filters.elements.status.value = parameters.get("status") || "";
  filters.elements.active.checked = parameters.get("active") === "true";
}

function writeFilters() {
  const parameters = new URLSearchParams();
  if (filters.elements.name.value) parameters.set("name", filters.elements.name.value);
  if (filters.elements.status.value) parameters.set("status", filters.elements.status.value);
  if (filters.elements.active.checked) parameters.set("active", "true");
  const query = parameters.toString();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
}

function query() {
  const parameters = new URLSearchParams({ limit: String(pageSize) });
  if (filters.elements.name.value) parameters.set("name", filters.elements.name.value);
  if (filters.elements.status.value) parameters.append("status", filters.elements.status.value);
  else if (filters.elements.active.checked) {
    for (const key of ["queued", "running", "pausing", "paused", "cancelling"]) parameters.append("status", key);
  }
  return parameters;
}

/** As many pages as are asked for, each after the one before it. */
async function runsShown() {
  const items = [];
  let cursor = null;
  for (let page = 0; page < pages; page += 1) {
    const parameters = query();
    if (cursor) parameters.set("cursor", cursor);
    const answer = await api.runs(parameters);
    items.push(...answer.items);
    cursor = answer.nextCursor;
    if (!cursor) break;
  }
  return { items, nextCursor: cursor };
}

const runAddress = (run) => `/console/run.html?id=${encodeURIComponent(run.id)}`;

function row(run) {
  const stage = run.stage ? `${run.stage} (${run.stageNumber} of ${run.stageCount})` : "–";
  const steps = run.totalSteps ? `${integer(run.step)} of ${integer(run.totalSteps)}` : "–";
  return element("tr", {},
    element("td", {}, status(run.status)),
    element("td", {}, element("a", { href: runAddress(run) }, run.name), element("span", { class: "sub mono" }, run.id)),
    element("td", {}, stage, run.phase ? element("span", { class: "sub" }, `phase ${run.phase}`) : null),
    element("td", { class: "number" }, steps, run.totalSteps ? element("progress", { value: run.step, max: run.totalSteps, "aria-label": "steps done" }) : null),
    element("td", { class: "optional" }, element("span", { class: "row" }, sparkline(run.lossTrend), element("span", { class: "number" }, decimal(run.loss)))),
    element("td", { class: "number" }, integer(run.tokensPerSecond)),
    element("td", { class: "number" }, run.status === "running" ? seconds(run.etaSeconds) : "–"),
    element("td", { class: "number optional" }, integer(run.attempts)),
    element("td", { class: "optional" }, run.owner),
    element("td", { class: "optional muted" }, ago(run.startedAt || run.createdAt)));
}

function queueItem(run) {
  const actions = run.actions.includes("retry") ? ["acknowledge", "retry"] : run.actions.includes("resume") ? ["resume"] : [];
  return element("li", {},
    status(run.status),
    element("div", {}, element("a", { href: runAddress(run) }, run.name), element("div", { class: "muted" }, run.reason || "Waits to be resumed.")),
    element("div", { class: "row" }, element("time", { class: "muted", datetime: run.finishedAt || run.startedAt }, ago(run.finishedAt || run.startedAt)),
      ...actions.map((action) => element("button", { type: "button", class: action === "acknowledge" ? null : "primary", onclick: () => steer(run, action, refresh) }, `${labels[action]}…`))));
}

function showQueue(runs) {
  // Whoever is about to press a button must not find it replaced.
  const now = JSON.stringify(runs.map((run) => [run.id, run.status, run.reason, run.actions]));
  if (now !== queueShown) replace("queue", ...runs.map(queueItem));
  queueShown = now;
  for (const time of document.querySelectorAll("#queue time")) time.textContent = ago(time.dateTime);
  document.getElementById("queue-note").textContent = runs.length
    ? `${runs.length} ${runs.length === 1 ? "run waits" : "runs wait"} for you`
    : "Nothing. Every run goes on by itself.";
}

function showFleet(workers) {
  const alive = workers.filter((worker) => worker.alive);
  const figure = (name, value, unit = "") => element("div", {}, element("dt", {}, name), element("dd", {}, value, " ", element("small", {}, unit)));
  const sum = (field) => alive.reduce((total, worker) => total + worker[field], 0);
  replace("fleet",
    figure("Alive", integer(alive.length), `of ${workers.length} seen today`),
    figure("Cores", integer(sum("cores"))),
    figure("Memory", bytes(sum("memoryBytes")), `${bytes(sum("freeBytes"))} free`),
    figure("At work", integer(alive.filter((worker) => worker.activity !== "idle").length)));
  document.getElementById("fleet-note").textContent = alive.map((worker) => `${worker.host}: ${worker.activity}`).join(" · ");
}

async function refresh() {
  try {
    const [page, attention, workers] = await Promise.all([runsShown(), api.attention(), api.workers()]);
    replace("runs", ...page.items.map(row));
    document.getElementById("empty").classList.toggle("hidden", page.items.length > 0);
    document.getElementById("more").classList.toggle("hidden", !page.nextCursor);
    showQueue(attention.items);
    showFleet(workers.items || workers);
    upToDate();
  } catch (problem) {
    notUpToDate(problem);
  }
}

filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("input", () => { pages = 1; writeFilters(); refresh(); });
document.getElementById("more").addEventListener("click", () => { pages += 1; refresh(); });
shell();
readFilters();
await refresh();
setInterval(() => { if (!document.hidden) refresh(); }, refreshMillis);
