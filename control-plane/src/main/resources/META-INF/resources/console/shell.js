// What every page has around its own part: sign-out, light or dark, and whose clock times are of.
import { api } from "./api.js";
import { themeSwitch, zoneNote } from "./format.js";

export function shell() {
  document.getElementById("sign-out").addEventListener("click", async () => { await api.signOut(); location.assign("/console/sign-in.html"); });
  themeSwitch();
  zoneNote();
}
