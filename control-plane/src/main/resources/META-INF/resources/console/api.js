// The REST API as the console uses it: JSON in and out, problems as errors, a session cookie for identity.

export class Problem extends Error {
  /** @param retryAfter seconds, where the server names them */
  constructor(status, body, retryAfter) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.code = body.code;
    this.mend = body.mend;
    this.retryAfter = retryAfter;
  }
}

// The cookie of the stack at this port: others on this host have theirs.
function csrfToken() {
  const secure = location.protocol === "https:";
  const port = location.port || (secure ? "443" : "80");
  const name = `${secure ? "__Host-" : ""}tanren_csrf_${port}=`;
  const entry = document.cookie.split("; ").find((cookie) => cookie.startsWith(name));
  return entry ? decodeURIComponent(entry.slice(name.length)) : "";
}

const call = (method, path, body) => request(method, path, { body: body === undefined ? undefined : JSON.stringify(body) });

/** @param type media type of the body, JSON unless it is named */
async function request(method, path, { body, type: sent = "application/json", headers: more = {}, signal } = {}) {
  const headers = { Accept: "application/json", ...more };
  if (method !== "GET") {
    headers["X-CSRF-Token"] = csrfToken();
    headers["Content-Type"] = sent;
  }
  const response = await fetch(path, { method, headers, body, signal, credentials: "same-origin" });
  if (response.status === 401 && !location.pathname.endsWith("/sign-in.html")) {
    location.assign(`/console/sign-in.html?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  const type = response.headers.get("content-type") || "";
  const answer = type.includes("json") ? await response.json() : await response.text();
  if (!response.ok) {
    throw new Problem(response.status, typeof answer === "string" ? { detail: answer } : answer, Number(response.headers.get("retry-after")) || null);
  }
  return answer;
}

const runPath = (id) => `/api/v1/runs/${encodeURIComponent(id)}`;

export const api = {
  signIn: (token) => call("POST", "/console/session", { token }),
  who: () => call("GET", "/console/session"),
  signOut: () => call("DELETE", "/console/session"),
  runs: (query) => call("GET", `/api/v1/runs?${query}`),
  run: (id) => call("GET", runPath(id)),
  recovery: (id) => call("GET", `${runPath(id)}/recovery`),
  metrics: (id, stage) => call("GET", `${runPath(id)}/metrics?stage=${encodeURIComponent(stage)}&points=1000`),
  diagnosis: (id, stage) => call("GET", `${runPath(id)}/diagnosis?stage=${encodeURIComponent(stage)}`),
  checkpoints: (id) => call("GET", `${runPath(id)}/checkpoints`),
  artifacts: (id) => call("GET", `${runPath(id)}/artifacts`),
  logs: (id) => call("GET", `${runPath(id)}/logs`),
  log: (id, stage, attempt, rank) =>
    call("GET", `${runPath(id)}/logs?stage=${encodeURIComponent(stage)}&attempt=${attempt}&rank=${rank}&tail=400`),
  act: (id, action, reason) => call("POST", `${runPath(id)}/${action}`, reason ? { reason } : {}),
  attention: () => call("GET", "/api/v1/attention"),
  acknowledge: (id, reason) => call("POST", `/api/v1/attention/${encodeURIComponent(id)}/acknowledge`, reason ? { reason } : {}),
  workers: (signal) => request("GET", "/api/v1/workers", { signal }),
  templates: () => call("GET", "/api/v1/plans/templates"),
  validate: (text, type, signal) => request("POST", "/api/v1/plans/validate", { body: text, type, signal }),
  explain: (text, type, device, signal) => request("POST", `/api/v1/plans/explain?device=${encodeURIComponent(device)}`, { body: text, type, signal }),
  submit: (text, type, key) => request("POST", "/api/v1/runs", { body: text, type, headers: { "Idempotency-Key": key } }),
  events: (id) => new EventSource(`${runPath(id)}/events`),
};
