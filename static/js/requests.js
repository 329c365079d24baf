// Every htmx request carries the CSRF token; a session that ended and a server that does not answer are told.
import { toast } from "./announce.js";

export function signRequests() {
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
  });
  // A redirect to the log-in page would otherwise be swapped into the middle of a page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const answered = event.detail.xhr.responseURL;
    if (!answered || !new URL(answered).pathname.startsWith("/login/")) return;
    event.detail.shouldSwap = false;
    window.location.assign(`/login/?next=${encodeURIComponent(window.location.pathname + window.location.search)}`);
  });
}

export function showRequestTroubles() {
  document.addEventListener("htmx:sendError", () => toast("The dashboard did not answer. If you asked for something, reload the page to see whether it was taken; asking again from the same form is safe.", "bad"));
  document.addEventListener("htmx:responseError", (event) => toast(`The dashboard answered with an error (${event.detail.xhr.status}). Reload the page to see where things stand.`, "bad"));
}
