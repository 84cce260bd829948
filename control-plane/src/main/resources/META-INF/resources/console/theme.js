// Runs before the page is drawn, so that a chosen theme does not flash.
const chosen = localStorage.getItem("tanren.theme");
const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.dataset.theme = dark ? "dark" : "light";
