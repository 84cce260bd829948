// What is being written on the Launch page, kept in this tab until it is replaced on purpose: a reload, a sign-in or a server that is away loses nothing.

const names = { draft: "tanren.launch.draft", before: "tanren.launch.before", key: "tanren.launch.key" };

function load(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name));
  } catch {
    return null;
  }
}

/** A tab that keeps nothing (storage full or forbidden) still works, without the safety. */
function save(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Said by nobody: the text is on the page.
  }
}

/** `origin` such as `template:first-run`, `run:ID`, `file:NAME`, or empty; `given` the text as it was there. */
export const draft = {
  load: () => load(names.draft) ?? { origin: "", given: "", text: "" },
  save: (value) => save(names.draft, value),
  /** What was replaced last, if anybody had typed into it. */
  before: () => load(names.before),
  keepBefore: (value) => save(names.before, value),
};

/** The idempotency key of a submission: the same for the same text until it is answered, so that however often it is sent one run begins. */
export const submissionKey = {
  of(text) {
    const kept = load(names.key);
    if (kept?.text === text) return kept.key;
    const key = crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("-");
    save(names.key, { text, key });
    return key;
  },
  answered: () => save(names.key, null),
};
