// What a refusal, or no answer at all, means for the person at the page.

/** @param problem what the API refused with, or what kept it from answering */
export function inWords(problem) {
  if (!problem?.status) return "No answer from the server.";
  if (problem.status === 401) return "You are no longer signed in.";
  const wait = problem.retryAfter ? ` It may be asked again in ${problem.retryAfter} s.` : "";
  const mend = problem.mend ? ` To mend it: ${problem.mend}${/[.!?]$/.test(problem.mend) ? "" : "."}` : "";
  const what = /[.!?]$/.test(problem.message) ? problem.message : `${problem.message}.`;
  return `${what[0].toUpperCase()}${what.slice(1)}${mend}${wait}${problem.code ? ` (${problem.code})` : ""}`;
}
