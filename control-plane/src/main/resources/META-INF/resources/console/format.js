// Numbers with units, and small pieces of page.

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "onclick") node.addEventListener("click", value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const icons = { succeeded: "✓", failed: "!", running: "▸", paused: "⏸", pausing: "⏸", cancelled: "✕", cancelling: "✕", queued: "…", skipped: "–", superseded: "↻", preempted: "↻" };

export function status(key) {
  return element("span", { class: "status", "data-status": key, "data-icon": icons[key] || "•" }, key);
}

export function integer(value) {
  return value === null || value === undefined ? "–" : Math.round(value).toLocaleString("en");
}

export function decimal(value, digits = 3) {
  return value === null || value === undefined ? "–" : value.toFixed(digits);
}

export function bytes(value) {
  if (value === null || value === undefined) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}

export function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 60) return `${Math.round(value)} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  if (value >= 48 * 3600) return `${integer(value / 86400)} days`;
  return `${Math.floor(value / 3600)} h ${Math.floor((value % 3600) / 60)} min`;
}

export function ago(instant) {
  return instant ? `${seconds(Math.max(0, (Date.now() - Date.parse(instant)) / 1000))} ago` : "–";
}

/** The time of day, with the date where that is not today's. */
export function clock(instant) {
  if (!instant) return "–";
  const at = new Date(instant);
  const time = at.toLocaleTimeString("en-GB");
  return at.toDateString() === new Date().toDateString() ? time : `${at.toLocaleDateString("en-CA")} ${time}`;
}

/** Says once on the page whose clock its times are of. */
export function zoneNote() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const note of document.querySelectorAll(".zone")) note.textContent = `Times are of this browser's zone, ${zone}; where no date is given, of today.`;
}

export function sparkline(values) {
  if (!values || values.length < 2) return element("span", { class: "muted" }, "–");
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const points = values.map((value, index) => `${(index / (values.length - 1)) * 90},${22 - ((value - low) / span) * 20}`);
  return svg("svg", { width: 90, height: 24, role: "img", "aria-label": `loss from ${decimal(values[0])} to ${decimal(values.at(-1))}` },
    svg("polyline", { points: points.join(" "), fill: "none", stroke: "var(--chart-1)", "stroke-width": 1.5 }));
}

export function replace(id, ...children) {
  document.getElementById(id).replaceChildren(...children);
}

export function themeSwitch() {
  document.getElementById("theme").addEventListener("click", () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("tanren.theme", next);
    dispatchEvent(new Event("themechange"));
  });
}
