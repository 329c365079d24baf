// One-key shortcuts: "/" searches, "j" and "k" walk through the rows, "x" chooses one, "?" lists the shortcuts. Enter opens by itself.
import { chooseFocusedRow } from "./selection.js";

const KEYS = { "/": search, "?": showShortcuts, j: () => step(1), k: () => step(-1), x: chooseFocusedRow };

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.id === "search") event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || types(event.target)) return;
    if (document.querySelector("dialog[open]") || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
}

function types(element) {
  return element.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName);
}

function search() {
  const box = document.getElementById("search");
  box?.focus();
  box?.select();
}

function showShortcuts() {
  document.getElementById("shortcuts")?.showModal();
}

function step(distance) {
  const rows = [...document.querySelectorAll("a[data-row]")];
  if (!rows.length) return;
  const here = rows.indexOf(document.activeElement?.closest("tr, li")?.querySelector("a[data-row]"));
  const next = here < 0 ? (distance > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, here + distance));
  rows[next].focus();
  rows[next].scrollIntoView({ block: "nearest" });
}
