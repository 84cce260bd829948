import { api } from "./api.js";
import { drawCharts } from "./charts.js";
import { notUpToDate, upToDate } from "./banner.js";
import { ago, bytes, clock, decimal, element, integer, replace, seconds, status } from "./format.js";
import { drawGates } from "./gates.js";
import { drawPrepared } from "./prepared.js";
import { shell } from "./shell.js";
import { labels, steer } from "./steer.js";
import { drawTimeline } from "./timeline.js";

const id = new URLSearchParams(location.search).get("id");
const stageChoice = document.getElementById("stage");
const logChoice = document.getElementById("log");
const finished = ["succeeded", "failed", "cancelled"];
let detail = null;
let logLines = "";

const figure = (name, value, unit = "") => element("div", {}, element("dt", {}, name), element("dd", {}, value, " ", element("small", {}, unit)));

function showHead({ run }) {
  document.title = `${run.name}: ${run.status} · Tanren`;
  document.getElementById("name").textContent = run.name;
  replace("status", status(run.status));
  const reason = document.getElementById("reason");
  reason.textContent = run.reason || "";
  reason.classList.toggle("hidden", !run.reason);
  replace("figures", ...(finished.includes(run.status) ? factsOfTheEnd(run) : factsOfNow(run)),
    figure("Attempts", integer(run.attempts)),
    figure("Started", run.startedAt ? clock(run.startedAt) : "–", run.startedAt ? ago(run.startedAt) : ""),
    figure("Owner", run.owner));
  const primary = ["retry", "resume"].find((action) => run.actions.includes(action));
  const order = ["retry", "resume", "pause", "cancel"].filter((action) => run.actions.includes(action));
  const buttons = order.map((action) => element("button",
    { type: "button", class: action === primary ? "primary" : action === "cancel" ? "danger" : null, "data-action": action, onclick: () => steer(detail.run, action, refresh) }, `${labels[action]}…`));
  const present = [...document.querySelectorAll("#actions button")].map((button) => button.dataset.action).join();
  document.getElementById("again").href = `/console/launch.html?from=${encodeURIComponent(run.id)}`;
  document.getElementById("again").classList.toggle("hidden", !finished.includes(run.status));
  if (present !== order.join()) replace("actions", ...buttons);
}

function factsOfNow(run) {
  return [
    figure("Stage", run.stage || "–", `${run.stageNumber} of ${run.stageCount}`),
    figure("Step", integer(run.step), run.totalSteps ? `of ${integer(run.totalSteps)}${run.phase ? `, phase ${run.phase}` : ""}` : ""),
    figure("Loss", decimal(run.loss), "nats/token"),
    figure("Speed", integer(run.tokensPerSecond), "tokens/s"),
    figure("Time left", run.status === "running" ? seconds(run.etaSeconds) : "–", "in this stage"),
  ];
}

function factsOfTheEnd(run) {
  const took = run.startedAt && run.finishedAt ? (Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000 : null;
  const last = detail.stages.filter((stage) => stage.totalSteps > 0 && stage.step > 0).at(-1);
  return [
    figure("Stage", run.stage || "–", `${run.stageNumber} of ${run.stageCount}`),
    figure("Steps", last ? integer(last.step) : "–", last ? `of ${integer(last.totalSteps)}, ${last.id}` : ""),
    figure("Took", seconds(took)),
  ];
}

function showSituation({ situation }) {
  document.getElementById("situation-state").textContent = situation.state + (situation.since ? ` since ${clock(situation.since)}, ${ago(situation.since)}` : "");
  document.getElementById("situation-headline").textContent = sentence(situation.headline);
  const { trouble } = situation;
  const facts = [
    ...(trouble ? [["What went wrong", element("span", {}, `${trouble.code ? `${trouble.code} · ` : ""}${trouble.failureClass.replaceAll("_", " ")}: ${trouble.what} (${clock(trouble.at)})`)]] : []),
    ...(situation.evidence.length ? [["How that is known", element("ul", {}, ...situation.evidence.map((text) => element("li", {}, text)))]] : []),
    ...(situation.lastStep === null ? [] : [["Last step", `${integer(situation.lastStep)}, ${ago(situation.lastStepAt)}`]]),
    ["What happens by itself", sentence(situation.doing)],
    ...(situation.options.length ? [["What you can do", element("ul", {}, ...situation.options.map((option) => element("li", {}, element("code", {}, option.command), `: ${option.effect}`)))]] : []),
  ];
  replace("situation-facts", ...facts.flatMap(([term, text]) => [element("dt", {}, term), element("dd", {}, text)]));
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;

function showAttempts({ attempts }) {
  replace("attempts", ...[...attempts].reverse().slice(0, 30).map((attempt) => element("tr", {},
    element("td", {}, `${attempt.attempt}`, element("span", { class: "sub" }, `${attempt.stage}${attempt.phase ? `, ${attempt.phase}` : ""}`)),
    element("td", {}, attempt.worker),
    element("td", {}, status(attempt.status)),
    element("td", {}, attempt.failureClass ? attempt.failureClass.toLowerCase().replaceAll("_", " ") : "", element("span", { class: "sub" }, attempt.code || "")),
    element("td", { class: "number" }, integer(attempt.resumeStep)),
    element("td", { class: "number" }, integer(attempt.lastStep)),
    element("td", {}, attempt.endedAt ? clock(attempt.endedAt) : ""),
    element("td", {}, attempt.reason || ""))));
}

function showFailure(failure) {
  document.getElementById("failure").classList.toggle("hidden", !failure);
  if (!failure) return;
  document.getElementById("failure-code").textContent = `${failure.code} · ${failure.failureClass}`;
  const facts = [["What", failure.what], ["Where", failure.where], ["How to mend it", failure.mend], ["Retry unchanged", failure.retryable ? "may succeed" : "would fail again"]];
  replace("failure-facts", ...facts.flatMap(([term, text]) => [element("dt", {}, term), element("dd", {}, text)]));
}

function stageFacts(stage) {
  if (stage.totalSteps) return `${integer(stage.step)} of ${integer(stage.totalSteps)} steps${stage.phase ? `, phase ${stage.phase}` : ""}`;
  return stage.finishedAt ? `took ${seconds((Date.parse(stage.finishedAt) - Date.parse(stage.startedAt)) / 1000)}` : "";
}

function showStages({ run, stages }) {
  replace("stages", ...stages.map((stage) => element("li", { "aria-current": stage.id === run.stage && !finished.includes(run.status) ? "step" : null },
    element("span", { class: "row" }, element("span", { class: "name" }, stage.id), element("span", { class: "muted" }, stage.type)),
    status(stage.status),
    stage.totalSteps ? element("progress", { value: stage.step, max: stage.totalSteps, "aria-label": `steps of ${stage.id}` }) : null,
    element("span", { class: "muted" }, stageFacts(stage)))));
}

function chooseStage({ run, stages }) {
  const training = stages.filter((stage) => stage.totalSteps > 0);
  if (stageChoice.options.length !== training.length) {
    const wanted = stageChoice.value || location.hash.slice(1);
    stageChoice.replaceChildren(...training.map((stage) => element("option", {}, stage.id)));
    const begun = training.filter((stage) => stage.step > 0).map((stage) => stage.id);
    stageChoice.value = [wanted, run.stage, begun.at(-1), training[0]?.id].find((stage) => training.some((candidate) => candidate.id === stage)) || "";
  }
  const follows = training.find((stage) => stage.id === run.stage);
  if (!location.hash && follows && !finished.includes(run.status)) stageChoice.value = follows.id;
}

function showConfiguration({ run, plan, planText, planMediaType }) {
  const file = document.getElementById("plan-file");
  document.getElementById("plan").textContent = planText ?? JSON.stringify(plan, null, 2);
  file.href = `/api/v1/runs/${encodeURIComponent(run.id)}/plan`;
  file.download = `${run.name}.${planMediaType === "application/json" ? "json" : "yaml"}`;
  file.classList.toggle("hidden", planText === null);
  if (planText === null) document.getElementById("plan-note").textContent = "The plan as it runs, in Tanren's own form: the submitted text was not kept.";
}

async function showCharts() {
  if (!stageChoice.value) return;
  const metrics = await api.metrics(id, stageChoice.value);
  const stage = detail.stages.find((candidate) => candidate.id === stageChoice.value);
  document.getElementById("csv").href = `/api/v1/runs/${encodeURIComponent(id)}/metrics?stage=${encodeURIComponent(stageChoice.value)}&format=csv`;
  document.getElementById("charts-empty").classList.toggle("hidden", metrics.steps.length > 0);
  if (metrics.steps.length) drawCharts(document.getElementById("charts"), stageChoice.value, metrics, stage.phases);
}

async function showDiagnosis() {
  const card = document.getElementById("diagnosis");
  if (!stageChoice.value) return;
  const diagnosis = await api.diagnosis(id, stageChoice.value);
  card.classList.toggle("hidden", !diagnosis.firstStep);
  if (!diagnosis.firstStep) return;
  for (const part of ["diagnosis-why", "diagnosis-what"]) document.getElementById(part).classList.toggle("hidden", !diagnosis.verdict);
  const parts = Object.entries(diagnosis.shares).filter(([, share]) => share >= 0.005);
  const percent = (share) => `${Math.round(share * 100)} %`;
  document.getElementById("diagnosis-note").textContent = diagnosisNote(diagnosis);
  if (diagnosis.verdict) {
    document.getElementById("diagnosis-verdict").textContent = `${diagnosis.verdict[0].toUpperCase()}${diagnosis.verdict.slice(1)}:`;
    document.getElementById("diagnosis-evidence").textContent = `${diagnosis.evidence}.`;
    document.getElementById("diagnosis-mend").textContent = diagnosis.mend;
  }
  const bar = document.getElementById("diagnosis-shares");
  bar.setAttribute("aria-label", parts.map(([name, share]) => `${name} ${percent(share)}`).join(", "));
  bar.replaceChildren(...parts.map(([name, share]) => {
    const piece = element("span", { "data-part": name, title: `${name} ${percent(share)}` });
    piece.style.flexGrow = 100 * share; // below a sum of 1 a bar would not be filled
    return piece;
  }));
  replace("diagnosis-legend", ...parts.map(([name, share]) => element("span", {}, element("i", { "data-part": name }), `${name} ${percent(share)}`)));
}

function diagnosisNote(diagnosis) {
  const ranks = diagnosis.ranks.length === 1 ? "1 rank" : `${diagnosis.ranks.length} ranks`;
  const steps = `steps ${integer(diagnosis.firstStep)} to ${integer(diagnosis.lastStep)} of ${diagnosis.stage} on ${ranks}, ${diagnosis.secondsPerStep.toFixed(3)} s each`;
  const fullest = Math.max(...diagnosis.ranks.map((rank) => rank.peakResidentBytes));
  if (!diagnosis.verdict) return `${steps}: that was before how it stands now`;
  if (!fullest) return steps;
  return `${steps}; memory ${bytes(fullest)}${diagnosis.memoryLimitBytes ? ` of ${bytes(diagnosis.memoryLimitBytes)} a rank` : ""}`;
}

function showDatasets({ run, plan, datasets, preparing }) {
  const names = Object.keys(plan.datasets);
  document.getElementById("data").classList.toggle("hidden", names.length === 0);
  drawPrepared(document.getElementById("datasets"), names, { datasets, preparing }, finished.includes(run.status) ? "was not prepared" : "not prepared yet");
}

function showCheckpoints(rows) {
  const recent = [...rows].sort((first, second) => Date.parse(second.committedAt) - Date.parse(first.committedAt)).slice(0, 30);
  replace("checkpoints", ...recent.map((row) => element("tr", {},
    element("td", {}, row.stage, element("span", { class: "sub" }, row.phase)),
    element("td", { class: "number" }, integer(row.step)),
    element("td", { class: "number" }, decimal(row.loss)),
    element("td", { class: "number" }, bytes(row.bytes)),
    element("td", { class: "mono", title: row.weightsSha256 }, row.weightsSha256.slice(0, 12)),
    element("td", {}, row.quarantined ? element("span", { class: "error" }, `quarantined: ${row.quarantined}`) : clock(row.committedAt)))));
}

async function chooseLog() {
  const logs = await api.logs(id);
  const items = logs.items || logs;
  const key = (entry) => `${entry.stage}/${entry.attempt}/${entry.rank}`;
  if (logChoice.options.length !== items.length) {
    const wanted = logChoice.value;
    logChoice.replaceChildren(...items.map((entry) => element("option", { value: key(entry) }, `${entry.stage}, attempt ${entry.attempt}, rank ${entry.rank}`)));
    logChoice.value = items.some((entry) => key(entry) === wanted) ? wanted : items.length ? key(items.at(-1)) : "";
  }
  const file = document.getElementById("log-file");
  file.classList.toggle("hidden", !logChoice.value);
  if (!logChoice.value) return;
  file.href = items.find((entry) => key(entry) === logChoice.value).href;
  const [stage, attempt, rank] = logChoice.value.split("/");
  const text = await api.log(id, stage, attempt, rank);
  if (text === logLines) return;
  logLines = typeof text === "string" ? text : JSON.stringify(text, null, 2);
  const pane = document.getElementById("log-text");
  const atEnd = pane.scrollTop + pane.clientHeight >= pane.scrollHeight - 8;
  pane.textContent = logLines;
  if (atEnd) pane.scrollTop = pane.scrollHeight;
}

async function showArtifacts() {
  const { items } = await api.artifacts(id);
  document.getElementById("published").classList.toggle("hidden", items.length === 0);
  replace("artifacts", ...items.map((artifact) => element("tr", {},
    element("td", {}, artifact.stage),
    element("td", {}, element("a", { href: artifact.href, download: artifact.name.split("/").at(-1) }, artifact.name)),
    element("td", { class: "number" }, bytes(artifact.bytes)))));
}

function jumpToFirstError() {
  const pane = document.getElementById("log-text");
  const index = logLines.split("\n").findIndex((line) => /ERROR|TNR-\d{4}|Exception/.test(line));
  if (index >= 0) pane.scrollTop = (index / logLines.split("\n").length) * pane.scrollHeight;
}

const seen = new Set();
function showEvent(event) {
  if (seen.has(event.id)) return;
  seen.add(event.id);
  document.getElementById("events").prepend(element("li", {}, element("time", { datetime: event.at }, clock(event.at)),
    element("span", {}, event.stage ? element("span", { class: "muted" }, `${event.stage}: `) : null, event.message)));
}

async function refresh() {
  try {
    detail = await api.run(id);
    showHead(detail);
    showSituation(detail);
    showFailure(detail.failure);
    showAttempts(detail);
    showStages(detail);
    showDatasets(detail);
    drawGates(document.getElementById("gates"), detail.stages);
    chooseStage(detail);
    const checkpoints = await api.checkpoints(id);
    const rows = checkpoints.items || checkpoints;
    drawTimeline(document.getElementById("timeline"), document.getElementById("timeline-note"), detail.attempts, rows);
    showCheckpoints(rows);
    showConfiguration(detail);
    await showCharts();
    await showDiagnosis();
    await chooseLog();
    await showArtifacts();
    if (!finished.includes(detail.run.status)) follow();
    upToDate();
  } catch (problem) {
    notUpToDate(problem);
    if (problem.status === 404) document.getElementById("name").textContent = "No such run";
  }
}

// The server ends the stream with the run; a run that is tried again has a new one.
let stream = null;
function follow() {
  if (stream) return;
  stream = api.events(id);
  stream.addEventListener("event", (message) => { showEvent(JSON.parse(message.data)); refreshSoon(); });
  stream.addEventListener("metrics", refreshSoon);
  stream.addEventListener("end", () => { stream.close(); stream = null; refreshSoon(); });
  stream.addEventListener("open", upToDate);
  stream.addEventListener("error", () => notUpToDate(null));
}

let pending = null;
function refreshSoon() {
  if (pending || document.hidden) return;
  pending = setTimeout(async () => { await refresh(); pending = null; }, 1500);
}

stageChoice.addEventListener("change", () => { location.hash = stageChoice.value; showCharts(); showDiagnosis(); });
logChoice.addEventListener("change", chooseLog);
document.getElementById("first-error").addEventListener("click", jumpToFirstError);
addEventListener("themechange", showCharts);
shell();
await refresh();
follow();
setInterval(() => { if (detail && !finished.includes(detail.run.status)) refreshSoon(); }, 5000);
