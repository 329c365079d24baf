// Choosing many rows: one box for all of them, “x” for the row in focus, and how many are chosen.
import { announce } from "./announce.js";

export function chooseRows() {
  for (const form of document.querySelectorAll("form[data-selection]")) {
    form.addEventListener("change", (event) => {
      if (event.target.matches("[data-select-all]")) for (const box of boxes(form)) box.checked = event.target.checked;
      if (event.target.matches("[data-select-all], [name=row]")) tell(form);
    });
    tell(form);
  }
}

export function chooseFocusedRow() {
  const box = document.activeElement?.closest("form[data-selection] tr")?.querySelector("[name=row]:not(:disabled)");
  if (!box) return;
  box.checked = !box.checked;
  tell(box.form);
  announce(box.checked ? "Chosen" : "No longer chosen");
}

function boxes(form) {
  return [...form.querySelectorAll("[name=row]:not(:disabled)")];
}

function tell(form) {
  const all = boxes(form);
  const chosen = all.filter((box) => box.checked).length;
  const every = form.querySelector("[data-select-all]");
  if (every) {
    every.checked = all.length > 0 && chosen === all.length;
    every.indeterminate = chosen > 0 && chosen < all.length;
  }
  const told = form.querySelector("[data-chosen]");
  if (told) told.textContent = `${chosen} chosen`;
}
