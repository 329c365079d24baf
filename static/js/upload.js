// Settlement files go up in pieces with a bar; the same form works without this. After each piece the server says how
// many bytes have arrived, and the next one begins there.
import { announce } from "./announce.js";

const TRIES = 5;
// So many bytes of the beginning say whose file it is, when nobody else does.
const HEAD = 1024 * 1024;
const LOST = "The connection was lost. Nothing of the file counts yet; press “Upload” again to go on from where it stopped.";

const LOGGED_OUT = "Your log-in has ended. Nothing of the file counts; log in again and upload it once more.";

export function uploadInPieces() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const files = [...(form.elements.files?.files ?? [])];
    if (!form.dataset.upload || !files.length || form.dataset.busy) return;
    event.preventDefault();
    send(form, files);
  });
}

async function send(form, files) {
  const button = form.querySelector("button");
  form.dataset.busy = "yes";
  button.disabled = true;
  const list = document.getElementById("upload-progress");
  list.hidden = false;
  list.replaceChildren();
  const arrived = [];
  for (const file of files) {
    const row = rowOf(list, file.name);
    try {
      const end = await upload(form, file, row);
      show(row, 1000, end.sentence, "good", end.url);
      arrived.push(end);
      if (files.length > 1 && end.new) follow(row, end.live);
    } catch (problem) {
      if (problem instanceof Refusal) begun.delete(file);
      show(row, null, problem instanceof Refusal ? problem.message : LOST, "bad", problem.url);
    }
  }
  delete form.dataset.busy;
  button.disabled = false;
  // A file that was here before stays with its sentence: nothing new would be seen on its page.
  if (files.length === 1 && arrived[0]?.new) window.location.assign(arrived[0].url);
}

// One of several files that arrived is read while the others go up; its row tells how far it is until it is at rest.
function follow(row, address) {
  row.setAttribute("hx-get", address);
  row.setAttribute("hx-trigger", "load");
  window.htmx.process(row);
}

// What was begun for a file; pressing the button again on the same page goes on with it, unless something else was
// chosen beside it since.
const begun = new WeakMap();

async function upload(form, file, row) {
  show(row, 0, "Beginning …");
  const told = wordsOf(form, file);
  const words = new URLSearchParams(told).toString();
  const before = begun.get(file);
  const way = before?.words === words ? before : { ...(await ask(form.dataset.upload, told)), words };
  begun.set(file, way);
  let arrived = way.arrived ?? 0;
  while (arrived < file.size) {
    const piece = file.slice(arrived, arrived + way.part_size);
    arrived = way.arrived = (await ask(`${way.parts}?offset=${arrived}`, piece)).size;
    show(row, Math.floor((arrived * 1000) / file.size), `${megabytes(arrived)} of ${megabytes(file.size)} MB have arrived.`);
  }
  const end = await ask(way.end, new FormData());
  begun.delete(file);
  return end;
}

function wordsOf(form, file) {
  const told = new FormData(form);
  told.delete("files");
  told.set("name", file.name);
  told.set("size", String(file.size));
  if (told.get("account") === "file") told.set("head", file.slice(0, HEAD));
  return told;
}

class Refusal extends Error {}

// The server's sentence ends it; a line that went dead or a server that stumbled is tried again, a little later each time.
async function ask(url, body) {
  for (let tries = 1; ; tries += 1) {
    const answer = await post(url, body);
    if (answer?.type === "opaqueredirect") throw new Refusal(LOGGED_OUT);
    if (answer?.ok) return answer.json();
    if (answer && answer.status < 500) throw await refusal(answer);
    if (tries === TRIES) throw new Error("lost");
    await new Promise((resolve) => window.setTimeout(resolve, 500 * 2 ** tries));
  }
}

async function post(url, body) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  try {
    return await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token }, redirect: "manual" });
  } catch {
    return null;
  }
}

async function refusal(answer) {
  const told = await answer.json().catch(() => ({}));
  const problem = new Refusal(told.sentence ?? `The dashboard refused this (${answer.status}). Reload the page and try again.`);
  problem.url = told.url;
  return problem;
}

function rowOf(list, name) {
  const row = document.getElementById("upload-row").content.firstElementChild.cloneNode(true);
  row.querySelector('[data-part="name"]').textContent = name;
  row.querySelector("svg").setAttribute("aria-label", `Progress of ${name}`);
  list.append(row);
  return row;
}

function show(row, done, sentence, tone, url) {
  if (done !== null) {
    row.querySelector('[data-part="captured"]').setAttribute("width", String(done));
    row.querySelector("svg").setAttribute("aria-valuenow", String(Math.floor(done / 10)));
  }
  const place = row.querySelector('[data-part="sentence"]');
  place.textContent = sentence;
  if (!tone) return;
  row.dataset.tone = tone;
  announce(sentence);
  if (!url) return;
  const link = document.createElement("a");
  link.href = url;
  link.textContent = "Show the file";
  place.append(" ", link);
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
