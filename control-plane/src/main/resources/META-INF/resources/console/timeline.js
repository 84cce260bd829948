// Attempts as bars over wall-clock time: what ran, what ended early, how long recovery took, when checkpoints were saved.
import { clock, element, seconds, svg } from "./format.js";

const kinds = { succeeded: "--good", running: "--busy", failed: "--bad", superseded: "--bad", preempted: "--warn", cancelled: "--idle", paused: "--warn" };

export function drawTimeline(parent, note, attempts, checkpoints) {
  if (!attempts.length) {
    parent.replaceChildren(element("p", { class: "empty" }, "No attempt has begun yet."));
    note.textContent = "";
    return;
  }
  const from = Math.min(...attempts.map((attempt) => Date.parse(attempt.startedAt)));
  const to = Math.max(...attempts.map((attempt) => (attempt.endedAt ? Date.parse(attempt.endedAt) : Date.now())), from + 1000);
  const at = (instant) => ((instant - from) / (to - from)) * 1000;
  const stages = [...new Set(attempts.map((attempt) => attempt.stage))];
  parent.replaceChildren(...stages.map((stage) => {
    const drawing = svg("svg", { viewBox: "0 0 1000 20", preserveAspectRatio: "none", role: "img", "aria-label": `attempts of ${stage}` });
    for (const attempt of attempts.filter((candidate) => candidate.stage === stage)) {
      drawing.append(...bars(attempt, at));
    }
    for (const checkpoint of checkpoints.filter((candidate) => candidate.stage === stage)) {
      const x = at(Date.parse(checkpoint.committedAt));
      drawing.append(svg("line", { x1: x, x2: x, y1: 13, y2: 20, stroke: "var(--ink)", "stroke-width": 2, "vector-effect": "non-scaling-stroke" },
        svg("title", {}, document.createTextNode(`checkpoint of step ${checkpoint.step}, ${clock(checkpoint.committedAt)}`))));
    }
    return element("div", { class: "lane" }, element("span", {}, stage), element("div", { class: "track" }, drawing));
  }));
  const recoveries = attempts.map((attempt) => attempt.recoverySeconds).filter((value) => value !== null);
  note.textContent = `${attempts.length} ${attempts.length === 1 ? "attempt" : "attempts"} in ${seconds((to - from) / 1000)}` + (recoveries.length ? `, longest recovery ${seconds(Math.max(...recoveries))}` : "");
}

function bars(attempt, at) {
  const begin = Date.parse(attempt.startedAt);
  const end = attempt.endedAt ? Date.parse(attempt.endedAt) : Date.now();
  const first = attempt.firstStepAt ? Date.parse(attempt.firstStepAt) : end;
  const steps = attempt.resumeStep === null ? "looks for its checkpoint" : `steps ${attempt.resumeStep + 1} to ${attempt.lastStep}`;
  const label = `attempt ${attempt.attempt}, ${attempt.ranks} ranks on ${attempt.worker}: ${steps}, ${attempt.status}${attempt.code ? `, ${attempt.code}` : ""}${attempt.reason ? ` (${attempt.reason})` : ""}`;
  const bar = (x1, x2, fill) => svg("rect", { x: at(x1), y: 2, width: Math.max(1.5, at(x2) - at(x1)), height: 14, rx: 2, fill: `var(${fill})` },
    svg("title", {}, document.createTextNode(label)));
  return [bar(begin, first, "--warn"), bar(first, end, kinds[attempt.status] || "--idle")];
}
