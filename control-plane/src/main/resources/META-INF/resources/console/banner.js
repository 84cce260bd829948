// The line above a page that is not up to date, with the reason.

const banner = document.getElementById("stale");

export function upToDate() {
  banner.classList.add("hidden");
}

/** @param problem what the API refused with, or what kept it from answering */
export function notUpToDate(problem) {
  banner.textContent = problem?.status
    ? `This page is not up to date. The server says: ${problem.message}`
    : "No answer from the server: this page is not up to date.";
  banner.classList.remove("hidden");
}
