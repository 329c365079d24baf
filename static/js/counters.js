// Characters left in a text, seconds left to undo. The server decides both; this only shows them.

export function countCharacters() {
  document.addEventListener("input", (event) => {
    const counter = document.getElementById(event.target.dataset?.counter ?? "");
    if (counter) counter.textContent = `${event.target.value.length} of ${event.target.dataset.maximum}`;
  });
}

export function countDown() {
  window.setInterval(() => {
    for (const place of document.querySelectorAll("[data-seconds]")) {
      const left = Math.max(0, Number(place.dataset.seconds) - 1);
      place.dataset.seconds = String(left);
      place.textContent = String(left);
    }
  }, 1000);
}
