import { api } from "./api.js";

const form = document.getElementById("form");
const error = document.getElementById("error");

function target() {
  const next = new URLSearchParams(location.search).get("next") || "/console/";
  return next.startsWith("/console/") ? next : "/console/";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await api.signIn(form.elements.token.value.trim());
    location.assign(target());
  } catch (problem) {
    error.textContent = problem.status === 401 ? "This token is not known, expired or revoked." : problem.message;
    error.classList.remove("hidden");
  }
});
