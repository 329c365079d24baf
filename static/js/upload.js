// Settlement files go up in pieces with a bar; the same form works without this. What broke off is gone on with from
// the last piece that arrived: the server says which is next, and pieces that it has are never sent again.
import { announce } from "./announce.js";

const TRIES = 5;
const LOST = "The connection was lost. Nothing of the file counts yet; press “Upload” again to go on from where it stopped.";

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
    } catch (problem) {
      show(row, null, problem instanceof Refusal ? problem.message : LOST, "bad", problem.url);
    }
  }
  delete form.dataset.busy;
  button.disabled = false;
  if (files.length === 1 && arrived.length === 1) window.location.assign(arrived[0].url);
}

async function upload(form, file, row) {
  const told = new FormData(form);
  told.delete("files");
  told.set("name", file.name);
  told.set("size", String(file.size));
  show(row, 0, "Beginning …");
  const begun = await ask(form.dataset.upload, told);
  let next = begun.next;
  while (next * begun.part_size < file.size) {
    const piece = file.slice(next * begun.part_size, (next + 1) * begun.part_size);
    next = (await ask(begun.parts.replace(/0\/$/, `${next}/`), piece)).next;
    const done = Math.min(file.size, next * begun.part_size);
    show(row, Math.floor((done * 1000) / file.size), `${megabytes(done)} of ${megabytes(file.size)} MB have arrived.`);
  }
  return ask(begun.end, new FormData());
}

class Refusal extends Error {}

// The server's sentence ends it; a line that went dead or a server that stumbled is tried again, a little later each time.
async function ask(url, body) {
  for (let tries = 1; ; tries += 1) {
    const answer = await post(url, body);
    if (answer?.ok) return answer.json();
    if (answer && answer.status < 500) throw await refusal(answer);
    if (tries === TRIES) throw new Error("lost");
    await new Promise((resolve) => window.setTimeout(resolve, 500 * 2 ** tries));
  }
}

async function post(url, body) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  try {
    return await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token }, redirect: "error" });
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
