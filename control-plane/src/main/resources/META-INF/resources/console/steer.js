// Pause, resume, cancel and retry: says what each would do, asks for a reason, and what came of it.
import { api } from "./api.js";

export const labels = { retry: "Retry", resume: "Resume", pause: "Pause", cancel: "Cancel" };

const certain = {
  pause: "The ranks finish their step, save it and end. Nothing is lost, and no worker is held while the run is paused.",
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

/** Asks in the page's dialog `confirm`, acts where the answer is yes, and calls `done` in any case. */
export async function steer(run, action, done) {
  const dialog = document.getElementById("confirm");
  if (dialog.open) return;
  const text = await consequence(run, action);
  const refused = document.getElementById("confirm-refused");
  const reason = document.getElementById("confirm-reason");
  document.getElementById("confirm-title").textContent = `${labels[action]} ${run.name}?`;
  document.getElementById("confirm-text").textContent = text;
  document.getElementById("confirm-yes").textContent = labels[action];
  refused.textContent = "";
  reason.value = "";
  dialog.returnValue = "no";
  const form = dialog.querySelector("form");
  form.onsubmit = async (event) => {
    if (event.submitter?.value !== "yes") return;
    event.preventDefault();
    try {
      await api.act(run.id, action, reason.value);
      dialog.close("yes");
    } catch (problem) {
      refused.textContent = `${problem.message}${problem.mend ? ` ${problem.mend}` : ""}`;
    }
  };
  dialog.onclose = done;
  dialog.showModal();
}
