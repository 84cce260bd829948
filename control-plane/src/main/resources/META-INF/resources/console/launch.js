// Starts a run: from a template, a file, another run's plan or what is typed; validated as typed, explained, submitted once.
import { api } from "./api.js";
import { draft, submissionKey } from "./draft.js";
import { Editor } from "./editor.js";
import { drawExplanation, usesOf } from "./explanation.js";
import { element, integer, replace } from "./format.js";
import { drawPrepared } from "./prepared.js";
import { shell } from "./shell.js";
import { advice, drawProblems } from "./problems.js";
import { inWords } from "./words.js";

const debounceMillis = 350;
const againMillis = 3000;
const largestBytes = 1 << 20;

const by = (id) => document.getElementById(id);
const area = by("text");
const editor = new Editor(by("editor"));
const parameters = new URLSearchParams(location.search);

let state = draft.load();
let templates = [];
let like = null; // the run whose plan this was
let verdict = "empty"; // empty, checking, invalid, valid, unchecked
let explained = null;
let starting = false;
let role = null;

const mayStart = () => role === null || role !== "viewer";
const mediaType = (text) => (text.trimStart().startsWith("{") ? "application/json" : "application/yaml");
const hide = (id, hidden) => by(id).classList.toggle("hidden", hidden);

function say(kind, text) {
  by("verdict").dataset.kind = kind;
  by("verdict").textContent = text;
}

function showStart() {
  const why = {
    empty: "There is no plan yet.", invalid: "Mend what is listed first.", checking: "Being checked …",
    unchecked: "It could not be checked; the server checks it again when it starts.", valid: "",
  }[verdict];
  by("start").disabled = starting || !mayStart() || verdict === "empty" || verdict === "invalid" || verdict === "checking";
  by("start").textContent = starting ? "Starting …" : "Start run";
  by("start-note").textContent = starting ? "" : mayStart() ? why : "You may check plans and not start them: your token has the role viewer, and this takes operator. Ask an administrator for another token.";
}

function remember() {
  state.text = editor.text;
  draft.save(state);
  hide("before", !draft.before());
}

function showOrigin() {
  const [kind, ...name] = state.origin.split(":");
  const of = { template: "from the template ", run: "as it was submitted by run ", file: "from the file " }[kind];
  by("origin").textContent = of ? `${of}${kind === "run" && like ? `${like.run.name}, ` : ""}${name.join(":")}${state.text === state.given ? "" : ", changed"}` : "";
  for (const button of document.querySelectorAll("#templates button")) button.setAttribute("aria-pressed", String(state.origin === `template:${button.dataset.id}`));
}

/** What was typed before is kept, to be brought back. */
function put(origin, text) {
  if (state.text.trim() && state.text !== state.given) draft.keepBefore(state);
  show({ origin, given: text, text });
}

function show(next) {
  state = next;
  editor.text = state.text;
  if (state.origin !== (like ? `run:${like.run.id}` : "")) like = null;
  const [kind, ...name] = state.origin.split(":");
  const query = kind === "template" || kind === "run" ? `?${new URLSearchParams({ [kind === "run" ? "from" : kind]: name.join(":") })}` : location.pathname;
  history.replaceState(null, "", query);
  hide("refused", true);
  remember();
  showOrigin();
  showData();
  check();
}

function showData() {
  const ready = like?.datasets ?? [];
  hide("data", ready.length === 0);
  if (!ready.length) return;
  by("data-note").textContent = `as ${like.run.name} prepared it; the same content is used again`;
  drawPrepared(by("datasets"), ready.map((one) => one.dataset), { datasets: ready }, "", (one) => (explained ? usesOf(explained, one) : []));
}

let number = 0;
let pending = null;
let asking = null;

function checkSoon(millis = debounceMillis) {
  clearTimeout(pending);
  pending = setTimeout(check, millis);
}

/** An answer that is not about what stands there now is dropped. */
async function check() {
  clearTimeout(pending);
  asking?.abort();
  asking = new AbortController();
  number += 1;
  const mine = number;
  const { text } = editor;
  const { signal } = asking;
  if (!text.trim()) {
    verdict = "empty";
    say("", "");
    drawProblems(by("problems"), editor, [], []);
    explained = null;
    replace("explanation");
    by("explain-note").textContent = "Nothing yet: a plan that is valid is explained here.";
    showStart();
    return;
  }
  try {
    const answer = await api.validate(text, mediaType(text), signal);
    if (mine !== number) return;
    showAnswer(answer, text);
    if (answer.valid) await explain(text, signal, () => mine === number);
  } catch (problem) {
    if (mine !== number || problem.name === "AbortError") return;
    const again = !problem.status || problem.status === 429 || problem.status === 503;
    verdict = "unchecked";
    say("advice", `Not checked: ${inWords(problem)} What you typed is kept in this tab${again ? ", and is checked as soon as the server answers" : ""}.`);
    if (again) checkSoon(problem.retryAfter ? 1000 * problem.retryAfter : againMillis);
  }
  showStart();
}

function showAnswer({ valid, problems, warnings }, text) {
  const advised = [...warnings, ...advice(text)];
  verdict = valid ? "valid" : "invalid";
  const hints = advised.length ? `, ${advised.length} ${advised.length === 1 ? "piece" : "pieces"} of advice` : "";
  say(valid ? "good" : "error", valid ? `✓ Valid${hints}` : `! ${problems.length} ${problems.length === 1 ? "problem" : "problems"}${hints}`);
  drawProblems(by("problems"), editor, problems, advised);
  by("explanation").classList.toggle("old", !valid);
  if (!valid && explained) by("explain-note").textContent = "As the plan was when it was last valid.";
  hide("explain-note", valid || !by("explain-note").textContent);
  showStart();
}

async function explain(text, signal, current) {
  const device = by("device").value;
  const [explanation, workers] = await Promise.all([api.explain(text, mediaType(text), device, signal), api.workers(signal)]);
  if (!current()) return;
  explained = explanation;
  hide("explain-note", true);
  by("explanation").classList.remove("old");
  drawExplanation(by("explanation"), explanation, device === "worker" ? workers.items : null);
  showData();
}

async function start() {
  if (starting) return;
  const { text } = editor;
  starting = true;
  hide("refused", true);
  showStart();
  try {
    const run = await api.submit(text, mediaType(text), submissionKey.of(text));
    submissionKey.answered();
    location.assign(`/console/run.html?id=${encodeURIComponent(run.id)}`);
    return;
  } catch (problem) {
    starting = false;
    // What was refused began nothing; what got no answer may have, and is asked for again under its key.
    if (problem.status && problem.status < 500 && problem.status !== 409 && problem.status !== 429) submissionKey.answered();
    by("refused").textContent = problem.status ? `The server did not start it. ${inWords(problem)}` : `${inWords(problem)} Whether the run began is not known: press Start run again, and there will be one run.`;
    hide("refused", false);
    if (problem.status === 422) check();
  }
  showStart();
}

/** Bytes that are not UTF-8 are refused, never guessed at. */
async function read(file) {
  try {
    if (file.size > largestBytes) throw new Error(`it has ${integer(file.size)} bytes, and a plan has at most ${integer(largestBytes)}`);
    put(`file:${file.name}`, new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()).replaceAll("\r\n", "\n"));
    area.focus();
  } catch (problem) {
    by("refused").textContent = `${file.name} cannot be opened as a plan: ${problem instanceof TypeError ? "it is not UTF-8 text" : problem.message}.`;
    hide("refused", false);
  }
}

async function copyAsCurl() {
  const command = `curl -sS ${location.origin}/api/v1/runs -H "Authorization: Bearer $TANREN_TOKEN" -H 'Content-Type: ${mediaType(editor.text)}' -H "Idempotency-Key: $(uuidgen)" --data-binary @- <<'PLAN'\n${editor.text.replace(/\n?$/, "\n")}PLAN\n`;
  const button = by("curl");
  try {
    await navigator.clipboard.writeText(command);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed to copy";
  }
  setTimeout(() => { button.textContent = "Copy as curl"; }, 2000);
}

function templateCard(template) {
  return element("li", {}, element("button", { type: "button", "data-id": template.id, "aria-pressed": "false", onclick: () => { put(`template:${template.id}`, template.text); } },
    element("strong", {}, template.title), element("span", { class: "about", title: template.about }, template.about),
    element("span", { class: template.runsHere ? "here" : "elsewhere" }, template.runsHere ? "✓ runs here as it is" : "with your own data")));
}

/** What the address asks for, unless it is what is being written already. */
async function begin() {
  const from = parameters.get("from");
  const template = templates.find((one) => one.id === parameters.get("template"));
  if (from) {
    const detail = await api.run(from);
    like = detail;
    if (state.origin !== `run:${from}`) put(`run:${from}`, detail.planText ?? JSON.stringify(detail.plan, null, 2));
    else show(state);
  } else if (template && state.origin !== `template:${template.id}`) {
    put(`template:${template.id}`, template.text);
  } else {
    show(state);
  }
}

function listen() {
  area.addEventListener("input", () => {
    remember();
    showOrigin();
    if (verdict !== "checking") { verdict = "checking"; showStart(); }
    checkSoon();
  });
  document.addEventListener("selectionchange", () => {
    if (document.activeElement !== area) return;
    const { line, column } = editor.position;
    by("position").textContent = `line ${line}, column ${column}`;
  });
  by("device").addEventListener("change", check);
  by("start").addEventListener("click", start);
  by("curl").addEventListener("click", copyAsCurl);
  by("open").addEventListener("click", () => by("file").click());
  by("file").addEventListener("change", () => { if (by("file").files[0]) read(by("file").files[0]); by("file").value = ""; });
  by("bring-back").addEventListener("click", () => {
    const before = draft.before();
    draft.keepBefore(null);
    if (before) put(before.origin, before.text);
    state.given = before?.given ?? state.given;
    remember();
    showOrigin();
  });
  const holder = by("editor");
  for (const kind of ["dragenter", "dragover"]) holder.addEventListener(kind, (event) => { if (event.dataTransfer?.types.includes("Files")) { event.preventDefault(); holder.classList.add("dropping"); } });
  for (const kind of ["dragleave", "drop"]) holder.addEventListener(kind, () => holder.classList.remove("dropping"));
  holder.addEventListener("drop", (event) => { if (event.dataTransfer?.files[0]) { event.preventDefault(); read(event.dataTransfer.files[0]); } });
  addEventListener("online", check);
  // From the history, as the page was when it was left.
  addEventListener("pageshow", (event) => { if (event.persisted) { starting = false; check(); } });
}

shell();
listen();
editor.text = state.text;
hide("before", !draft.before());
showStart();
try {
  const [answer, who] = await Promise.all([api.templates(), api.who()]);
  templates = answer.items;
  role = who.role;
  replace("templates", ...templates.map(templateCard));
  await begin();
} catch (problem) {
  by("stale").textContent = inWords(problem);
  hide("stale", false);
  show(state);
}
