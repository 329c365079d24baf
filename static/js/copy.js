// Buttons that copy a reference.
import { announce } from "./announce.js";

export function copyOnClick() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      tell(button, "Copied");
    } catch {
      tell(button, "Copying is not allowed here; select the text instead");
    }
  });
}

function tell(button, text) {
  const before = button.title;
  button.title = text;
  button.dataset.tone = text === "Copied" ? "good" : "bad";
  announce(text);
  window.setTimeout(() => {
    button.title = before;
    delete button.dataset.tone;
  }, 1500);
}
