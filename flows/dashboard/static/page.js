// The page works without this program: every link and form leads to an address that shows the whole page.
// With it, a part is exchanged instead, so that nothing jumps; the address is the same, and Back goes back.

import "./asking.js";

const root = document.documentElement;
root.classList.add("js");

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy], [data-copy-from]");
  if (!copy) return;
  const from = copy.dataset.copyFrom && document.getElementById(copy.dataset.copyFrom);
  if (from) from.select();
  let isDone = false;
  try {
    await navigator.clipboard.writeText(from ? from.value : copy.dataset.copy);
    isDone = true;
  } catch { isDone = from ? document.execCommand("copy") : false; }  // the newer way is there over HTTPS only
  const said = copy.textContent;
  copy.textContent = isDone ? "✓" : "…";
  setTimeout(() => { copy.textContent = said; }, 2000);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    root.classList.add("quiet-tips");
    const menu = event.target.closest && event.target.closest("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); return; }
    const close = document.querySelector("[data-close]");
    if (close && !(event.target.type === "search" && event.target.value)) close.click();
  }
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (step && event.target.matches?.("[data-chart] a")) {  // a chart is one stop of the Tab key
    const bars = [...event.target.closest("[data-chart]").querySelectorAll("a")];
    const next = bars[bars.indexOf(event.target) + step];
    if (next) {
      event.preventDefault();
      event.target.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    }
    return;
  }
  if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.matches?.("#panel, body")) {
    const rows = [...document.querySelectorAll("a.row")];  // several may be of the conversation that is open
    const at = rows.findIndex((one) => one.closest("tr.shown")), isAfter = (place) => (place - at) * step > 0;
    const others = rows.filter((one, place) => isAfter(place) && !one.closest("tr.shown"));
    const next = at < 0 ? null : others.at(step > 0 ? 0 : -1);
    if (next) { event.preventDefault(); next.click(); }
    return;
  }
  if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.matches && event.target.matches("a.row")) {
    const rows = [...event.target.closest("table").querySelectorAll("a.row")];
    const next = rows[rows.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) { event.preventDefault(); next.focus(); }
  }
});
document.addEventListener("pointerover", () => root.classList.remove("quiet-tips"));
document.addEventListener("focusin", () => root.classList.remove("quiet-tips"));
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

// A newer publication is announced; nothing moves while somebody reads.
async function news() {
  if (document.hidden) return;
  const answer = await fetch("news").catch(() => null);
  if (!answer || !answer.ok) return;
  const { publication } = await answer.json();
  if (!publication || publication === document.body.dataset.publication) return;
  const told = document.querySelector("[data-news]");
  if (told) told.hidden = false;
  else location.reload();  // there was nothing to look at before
}

function ready() {
  for (const chart of document.querySelectorAll("[data-chart]")) {
    chart.querySelectorAll("a").forEach((bar, at) => bar.setAttribute("tabindex", at ? "-1" : "0"));
  }
  const list = document.querySelector(".sections ul"), current = list?.querySelector("[aria-current]");
  if (current && list.scrollWidth > list.clientWidth) list.scrollLeft = current.offsetLeft - list.offsetLeft - 24;
}
document.addEventListener("exchanged", ready);
ready();
setInterval(news, 15000);
