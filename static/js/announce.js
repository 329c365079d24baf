// News for those who do not see the screen change, and short news for those who do.

export function announce(text) {
  const region = document.getElementById("announcements");
  if (region && text) region.textContent = text;
}

export function toast(text, tone = "quiet") {
  const region = document.getElementById("toasts");
  if (!region) return;
  const news = document.createElement("div");
  news.className = "toast";
  news.dataset.tone = tone;
  news.textContent = text;
  region.replaceChildren(news);
  window.setTimeout(() => news.remove(), 10000);
}

// A fragment says its news in data-announce; it is spoken only when it differs from what was said before.
const said = new Map();

export function followSwaps() {
  for (const place of document.querySelectorAll("[data-announce]")) said.set(place.id, place.dataset.announce);
  document.addEventListener("htmx:afterSettle", () => {
    for (const place of document.querySelectorAll("[data-announce]")) {
      if (said.get(place.id) === place.dataset.announce) continue;
      said.set(place.id, place.dataset.announce);
      announce(place.dataset.announce);
    }
  });
}
