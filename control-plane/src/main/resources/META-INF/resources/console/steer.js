// Pause, resume, cancel, retry and putting a failure aside: says what each would do, asks for a reason, and what came of it.
import { api } from "./api.js";
import { element } from "./format.js";

export const labels = { retry: "Retry", resume: "Resume", pause: "Pause", cancel: "Cancel", acknowledge: "Put aside" };

const certain = {
  pause: "The ranks finish their step, save it and end. Nothing is lost, and no worker is held while the run is paused.",
  acknowledge: "It leaves the list of what needs a person, for everybody. The run stays as it is, with its checkpoints and logs, and can still be retried.",
  cancel: "The ranks end now. Committed checkpoints stay; a retry can go on from them.",
};

/** A foresight that fails stops nobody: it says so. */
async function consequence(run, action) {
  if (certain[action]) return certain[action];
  try {
    return (await api.recovery(run.id)).summary;
  } catch (problem) {
    return `What it would go on from cannot be said now: ${problem.message}`;
  }
}

const title = element("h2", { id: "confirm-title" });
const text = element("p", { id: "confirm-text" });
const reason = element("input", { id: "confirm-reason", type: "text", maxlength: 200, placeholder: "optional" });
const refused = element("p", { id: "confirm-refused", class: "error", role: "alert" });
const yes = element("button", { id: "confirm-yes", value: "yes", class: "primary" });
const form = element("form", { method: "dialog" }, title, text,
  element("label", { for: "confirm-reason" }, "Reason, for the audit log"), reason, refused,
  element("div", { class: "row" }, yes, element("button", { value: "no" }, "Keep as it is")));
const dialog = element("dialog", { id: "confirm", "aria-labelledby": "confirm-title" }, form);
document.body.append(dialog);

/** Asks, acts where the answer is yes, and calls `done` in any case. */
export async function steer(run, action, done) {
  if (dialog.open) return;
  text.textContent = await consequence(run, action);
  title.textContent = `${labels[action]} ${run.name}?`;
  yes.textContent = labels[action];
  refused.textContent = "";
  reason.value = "";
  form.onsubmit = async (event) => {
    if (event.submitter !== yes) return;
    event.preventDefault();
    try {
      await (action === "acknowledge" ? api.acknowledge(run.id, reason.value) : api.act(run.id, action, reason.value));
      dialog.close();
    } catch (problem) {
      refused.textContent = `${problem.message}${problem.mend ? ` ${problem.mend}` : ""}`;
    }
  };
  dialog.onclose = done;
  dialog.showModal();
}
