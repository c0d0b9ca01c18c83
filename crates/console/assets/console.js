// Pausing the live list, saying whether it is connected, and copying digests. Everything else of the
// pages works without this file.
const button = document.getElementById("pause");
const rows = document.getElementById("blocks");
const state = document.getElementById("live-state");
const held = document.getElementById("held");

if (button && rows && state && held) {
  let connected = false;
  let paused = false;
  let waiting = null;

  const show = () => {
    const [text, kind] = paused
      ? [state.dataset.paused, "warn"]
      : connected
        ? [state.dataset.live, "good"]
        : [state.dataset.lost, "warn"];
    state.textContent = text;
    state.className = `badge ${kind}`;
    button.textContent = paused ? button.dataset.resume : button.dataset.pause;
    button.setAttribute("aria-pressed", String(paused));
    held.hidden = !paused || waiting === null;
  };

  const newest = (root) => Number(root.querySelector("tr[data-height]")?.dataset.height ?? 0);

  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    if (!paused && waiting !== null) {
      rows.innerHTML = waiting;
      waiting = null;
    }
    show();
  });

  document.body.addEventListener("htmx:sseOpen", () => {
    connected = true;
    show();
  });
  document.body.addEventListener("htmx:sseError", () => {
    connected = false;
    show();
  });
  document.body.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (!paused || event.target !== rows) return;
    event.preventDefault();
    waiting = event.detail.data;
    const table = document.createElement("template");
    table.innerHTML = waiting;
    held.querySelector("b").textContent = String(Math.max(0, newest(table.content) - newest(rows)));
    show();
  });
}

document.addEventListener("click", async (event) => {
  const target = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  if (!target || target.dataset.done) return;
  const code = target.querySelector("code");
  try {
    await navigator.clipboard.writeText(target.dataset.copy);
  } catch {
    // Without the right to write, the whole value is at least selected.
    code.textContent = target.dataset.copy;
    getSelection()?.selectAllChildren(code);
    return;
  }
  const before = code.textContent;
  target.dataset.done = "1";
  code.textContent = document.body.dataset.copied;
  setTimeout(() => {
    code.textContent = before;
    delete target.dataset.done;
  }, 900);
});
