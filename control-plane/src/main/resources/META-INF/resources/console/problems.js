// The problems of a plan and advice about it, marked at their lines and listed with what mends them.
import { element } from "./format.js";

/** What the server cannot know: where the file lies on this computer. */
export function advice(text) {
  return text.split("\n").flatMap((content, index) => {
    const relative = /^[^#]*?\b(file:(?!\/)[^\s"',}\]]*)/.exec(content);
    return relative ? [{ code: "", line: index + 1, column: relative[0].length - relative[1].length + 1, path: "", found: relative[1], expected: "an address from the root", nearest: null,
      mend: "Write file:/… as the workers see it: a browser does not know which folder the plan lies in. (./tanren run submit does.)" }] : [];
  });
}

const sentence = (text) => (/[.!?)]$/.test(text) ? text : `${text}.`);

function nearest(editor, problem) {
  const word = editor.wordAt(problem.line, problem.column);
  if (!problem.nearest) return null;
  // A key stands at the place that is named, and so does most of what can be mistyped.
  if (!word || !`${problem.path} ${problem.found}`.includes(word)) return element("p", {}, `Did you mean ${problem.nearest}?`);
  return element("p", {}, element("button", { type: "button", class: "fix", onclick: () => editor.replaceWord(problem.line, problem.column, problem.nearest) }, `Write ${problem.nearest}`));
}

function item(editor, mark, problem) {
  return element("li", { "data-mark": mark, "data-line": problem.line },
    element("button", { type: "button", class: "at", title: "Go there", onclick: () => editor.goTo(problem.line, problem.column) }, `line ${problem.line}`),
    element("div", {},
      element("p", {}, problem.path ? element("span", { class: "mono" }, `${problem.path}: `) : null, `found ${problem.found}; expected ${sentence(problem.expected)}`),
      element("p", { class: "sub" }, `${sentence(problem.mend)} ${problem.code}`),
      nearest(editor, problem)));
}

export function drawProblems(parent, editor, problems, advised) {
  editor.mark(new Map([...advised.map((one) => [one.line, "advice"]), ...problems.map((one) => [one.line, "error"])]));
  parent.replaceChildren(...problems.map((one) => item(editor, "error", one)), ...advised.map((one) => item(editor, "advice", one)));
}
