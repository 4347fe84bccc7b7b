// Keeps the page fresh, and sends a choice as soon as it is made. The page works without it too.
"use strict";

const parts = ["sidebar", "stream", "thread"];
let version = document.body.dataset.version;

function toEnd() {
  for (const stream of document.querySelectorAll("#stream:not(.home), .thread-stream")) {
    stream.scrollTop = stream.scrollHeight;
  }
}

function isBusy(part) {
  const focused = document.activeElement;
  const typing = focused && part.contains(focused) && focused.matches("input, select, textarea");
  return typing || part.querySelector("details[open]") !== null;
}

async function refresh() {
  const answer = await fetch("/_sandbox/version", { cache: "no-store" });
  const latest = String((await answer.json()).version);
  if (latest === version) return;
  const page = await (await fetch(location.href, { cache: "no-store" })).text();
  const fresh = new DOMParser().parseFromString(page, "text/html");
  let waiting = false;
  for (const id of parts) {
    const old = document.getElementById(id);
    const next = fresh.getElementById(id);
    if (!old || !next || old.innerHTML === next.innerHTML) continue;
    if (isBusy(old)) { waiting = true; continue; }
    const atEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 80;
    const top = old.scrollTop;
    old.replaceWith(next);
    next.scrollTop = id === "stream" && atEnd ? next.scrollHeight : top;
  }
  const layer = document.getElementById("modal-layer");
  const nextLayer = fresh.getElementById("modal-layer");
  if (layer.dataset.hash !== nextLayer.dataset.hash) layer.replaceWith(nextLayer);
  if (!waiting) version = latest;
}

document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.matches("[data-submit]")) field.form.requestSubmit();
  if (field.matches("[data-click]")) {
    field.form.querySelector("[data-click-target]").value = field.dataset.click;
    field.form.noValidate = true;
    field.form.submit();
  }
});

document.addEventListener("click", (event) => {
  const asked = event.target.closest("[data-confirm]");
  if (asked && !window.confirm(asked.dataset.confirm)) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const close = document.querySelector(".modal button[name=close]");
  if (close) close.click();
});

toEnd();
document.querySelector(".modal-body input, .modal-body select, .modal-body textarea")?.focus();
setInterval(() => refresh().catch(() => {}), 1500);
