// A text area that is pleasant to write a plan in: numbers and marks beside its lines, Tab indents, Escape and then Tab leaves.
import { element } from "./format.js";

const indent = "  ";
const padding = 8;

const row = (area) => parseFloat(getComputedStyle(area).lineHeight);

export class Editor {
  #area;
  #numbers;
  #bands;
  #marks = new Map();
  #leaving = false;
  #lines = 0;

  /** @param root with a gutter, marks and a text area in it */
  constructor(root) {
    this.#area = root.querySelector("textarea");
    this.#numbers = root.querySelector(".gutter > div");
    this.#bands = root.querySelector(".marks > div");
    this.#area.addEventListener("input", () => this.#drawNumbers());
    this.#area.addEventListener("scroll", () => this.#follow());
    this.#area.addEventListener("keydown", (event) => this.#press(event));
    this.#area.addEventListener("blur", () => { this.#leaving = false; });
    this.#drawNumbers();
  }

  get text() {
    return this.#area.value;
  }

  set text(value) {
    this.#area.value = value;
    this.#area.setSelectionRange(0, 0);
    this.#area.scrollTop = 0;
    this.#area.scrollLeft = 0;
    this.mark(new Map());
  }

  /** Line and column of the cursor, from 1. */
  get position() {
    const before = this.text.slice(0, this.#area.selectionStart);
    return { line: before.split("\n").length, column: before.length - before.lastIndexOf("\n") };
  }

  /** @param marks "error" or "advice" by line, from 1 */
  mark(marks) {
    this.#marks = marks;
    this.#lines = 0;
    this.#drawNumbers();
    const height = row(this.#area);
    this.#bands.replaceChildren(...[...marks].map(([line, kind]) => {
      const band = element("i", { "data-mark": kind });
      band.style.top = `${padding + (line - 1) * height}px`;
      return band;
    }));
    this.#area.setAttribute("aria-invalid", String([...marks.values()].includes("error")));
  }

  /** Puts the cursor there, in view. */
  goTo(line, column) {
    const at = this.#offset(line, column);
    this.#area.focus();
    this.#area.setSelectionRange(at, at);
    this.#area.scrollTop = Math.max(0, (line - 1) * row(this.#area) - this.#area.clientHeight / 3);
    this.#area.scrollLeft = 0;
  }

  /** The word at a place, without quotes around it; empty where none stands there. */
  wordAt(line, column) {
    return /^["']?([\w@.-]+)/.exec(this.text.slice(this.#offset(line, column)))?.[1] ?? "";
  }

  /** Writes another word over the one at a place, as if typed. */
  replaceWord(line, column, word) {
    const old = this.wordAt(line, column);
    const at = this.text.indexOf(old, this.#offset(line, column));
    this.#area.focus();
    this.#write(at, at + old.length, word);
  }

  #offset(line, column) {
    const lines = this.text.split("\n");
    const at = Math.min(line, lines.length) - 1;
    // Columns count characters, and a text's places halves of surrogate pairs.
    const characters = [...lines[at]].slice(0, column - 1).join("").length;
    return lines.slice(0, at).reduce((sum, one) => sum + one.length + 1, 0) + characters;
  }

  #drawNumbers() {
    const count = this.text.split("\n").length;
    if (count === this.#lines) return;
    this.#lines = count;
    this.#numbers.replaceChildren(...Array.from({ length: count }, (_, index) => element("span", { "data-mark": this.#marks.get(index + 1) }, String(index + 1))));
    this.#follow();
  }

  #follow() {
    for (const layer of [this.#numbers, this.#bands]) layer.style.transform = `translateY(${-this.#area.scrollTop}px)`;
  }

  #press(event) {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") {
      this.#leaving = true;
    } else if (event.key === "Tab" && !this.#leaving) {
      event.preventDefault();
      this.#shift(event.shiftKey);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#breakLine();
    } else if (event.key !== "Shift" && event.key !== "Tab") {
      this.#leaving = false;
    }
  }

  #shift(back) {
    const { selectionStart: from, selectionEnd: to } = this.#area;
    if (from === to && !back) {
      this.#write(from, to, indent);
      return;
    }
    const start = this.text.lastIndexOf("\n", from - 1) + 1;
    const block = this.text.slice(start, to);
    const shifted = block.split("\n").map((line) => (back ? line.replace(/^ {1,2}/, "") : line === "" ? line : indent + line)).join("\n");
    if (shifted === block) return;
    this.#write(start, to, shifted);
    if (from === to) {
      const at = Math.max(start, from + shifted.length - block.length);
      this.#area.setSelectionRange(at, at);
    } else {
      this.#area.setSelectionRange(start, start + shifted.length);
    }
  }

  /** The next line begins where this one does, and further in after a key without a value. */
  #breakLine() {
    const { selectionStart: from, selectionEnd: to } = this.#area;
    const line = this.text.slice(this.text.lastIndexOf("\n", from - 1) + 1, from);
    this.#write(from, to, `\n${/^ */.exec(line)[0]}${/:\s*$/.test(line) ? indent : ""}`);
  }

  /** As if typed, so that the browser's own undo takes it back. */
  #write(from, to, text) {
    this.#area.setSelectionRange(from, to);
    const typed = text === "" ? document.execCommand("delete") : document.execCommand("insertText", false, text);
    if (typed) return;
    this.#area.setRangeText(text, from, to, "end");
    this.#area.dispatchEvent(new Event("input"));
  }
}
