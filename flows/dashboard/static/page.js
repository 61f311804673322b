// The page works without this program: every link and form leads to an address that shows the whole page.
// With it, a part is exchanged instead, so that nothing jumps; the address is the same, and Back goes back.

const root = document.documentElement;
root.classList.add("js");
let asked = 0;
let underway = null;  // what was asked and is not answered yet: `by` which form
let shown = location.pathname + location.search;

// Show an address: exchange the content, keep the place, and bring into view and focus what the click asked for.
async function show(address, { push = true, to = "", by = null } = {}) {
  const mine = ++asked;
  underway = { by };
  document.getElementById("main").setAttribute("aria-busy", "true");
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (mine !== asked) return;  // another click came later
  if (!answer || !answer.ok || !(answer.headers.get("content-type") || "").startsWith("text/html")) {
    location.assign(address);
    return;
  }
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== asked) return;
  if (!next.getElementById("main")) {
    location.assign(address);
    return;
  }
  underway = null;
  if (push) history.pushState({ to }, "", answer.url);
  shown = location.pathname + location.search;
  document.title = next.title;
  root.lang = next.documentElement.lang;
  document.body.dataset.publication = next.body.dataset.publication || "";
  const open = [...document.querySelectorAll("main details.menu")].map((one) => one.open);
  const active = document.activeElement;
  const name = active && active.form ? active.name : "";
  const region = name && !active.closest("main") ? (active.closest("header") ? "header" : "nav.sections") : "main";
  const unsent = waiting;
  for (const part of ["header.top", "nav.sections", "main"]) {
    const old = document.querySelector(part), fresh = next.querySelector(part);
    if (old && fresh) old.replaceWith(fresh);
  }
  document.querySelectorAll("main details.menu").forEach((one, at) => { if (push && !to && open[at]) one.open = true; });
  ready();
  forget();  // a field that is taken out says that it has changed
  if (unsent) keep(unsent);
  const wanted = (to && document.querySelector(to)) || (name && document.querySelector(`${region} [name="${CSS.escape(name)}"]`));
  if (!wanted) return;
  wanted.focus({ preventScroll: true });
  if (wanted.type === "search") wanted.setSelectionRange(wanted.value.length, wanted.value.length);
  if (to) {
    document.querySelector("#panel mark")?.scrollIntoView({ block: "nearest" });
    const place = wanted.getBoundingClientRect();
    if (place.top < 0 || place.top > innerHeight - 120) wanted.scrollIntoView({ block: "nearest" });
  }
}

function addressOf(form) {
  // a line of conditions that asks nothing is left out
  const idle = new Set([...form.querySelectorAll("fieldset")].filter((one) => !one.querySelector("[name^=metric]").value)
    .flatMap((one) => [...one.querySelectorAll("[name]")].map((control) => control.name)));
  const given = [...new FormData(form)].filter(([name, value]) => value !== "" && !idle.has(name));
  const address = new URL(form.action, location.href);
  address.search = new URLSearchParams(given);
  return address;
}

// What somebody chose or typed while an answer was on its way goes over to the form that came with it.
function keep(form) {
  const fresh = [...document.forms].find((one) => one.className === form.className);
  if (!fresh) return;
  for (const old of form.elements) {
    const same = [...fresh.elements].find((one) => one.name === old.name && (old.type !== "checkbox" || one.value === old.value));
    if (!old.name || !same) continue;
    if (old.type === "checkbox") { if (old.checked !== old.defaultChecked) same.checked = old.checked; }
    else if (old.options) { if (![...old.selectedOptions].every((one) => one.defaultSelected)) same.value = old.value; }
    else if (old.value !== old.defaultValue) same.value = old.value;
  }
  soon(fresh, 0);
}

function send(form) {
  if (form.dataset.live) count(form);
  else show(addressOf(form), { by: form });
}

// The number of a segment while somebody chooses it; the address keeps up.
async function count(form) {
  const mine = ++asked, address = addressOf(form);
  history.replaceState(history.state, "", address);
  shown = location.pathname + location.search;
  const answer = await fetch(new URL(form.dataset.live + address.search, location.href)).catch(() => null);
  if (mine !== asked || !answer || !answer.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelector(form.dataset.into).replaceWith(next.querySelector(form.dataset.into));
}

let waiting = null, timer;  // the form that is sent soon
function forget() {
  clearTimeout(timer);
  waiting = null;
}
function soon(form, after) {
  forget();
  waiting = form;
  timer = setTimeout(() => {
    if (underway && underway.by !== form) return;  // it would take back what is on its way: see `keep`
    forget();
    if (form.isConnected) send(form);
  }, after);
}

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (!form || !form.matches("[data-auto], [data-live]")) return;
  if (event.target.matches("[data-dates]")) {
    const range = form.querySelector(".range");
    range.hidden = event.target.value !== "any";
    if (event.target.value === "any") { range.querySelector("input").focus(); return; }
    for (const one of range.querySelectorAll("input")) one.disabled = true;
  }
  if (event.target.type === "date") { form.dataset.isTyped = "yes"; return; }  // a date is whole when it is left
  soon(form, event.target.type === "checkbox" ? 500 : 0);
});
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form && form.matches("[data-auto], [data-live]") && ["search", "text", "number"].includes(event.target.type)) soon(form, 400);
});
document.addEventListener("focusout", (event) => {
  const form = event.target.form;
  if (event.target.type !== "date" || !form.dataset.isTyped || (event.relatedTarget && event.relatedTarget.type === "date")) return;
  if (form.reportValidity()) soon(form, 0);
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-auto], [data-live]")) return;
  event.preventDefault();
  soon(event.target, 0);
});

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy], [data-copy-from]");
  if (copy) {
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
    return;
  }
  const link = event.target.closest("a[data-swap]");
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (String(getSelection())) return;  // marking text is not a click
  event.preventDefault();
  forget();
  const isClosing = link.matches("[data-close]");
  show(link.href, { to: link.dataset.to || (isClosing ? opened() : link.closest(".chips, .turn") ? "#list-title" : "") });
});

// The row that the open panel belongs to.
function opened() {
  const shown = document.querySelector("tr.shown a.row, tr.shown a.button");
  if (!shown) return "#main";
  const row = shown.closest("tr");
  for (const key of ["conversation", "topic"]) {
    if (row.dataset[key]) return `tr[data-${key}="${CSS.escape(row.dataset[key])}"] a`;
  }
  return "#main";
}

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
    const rows = [...document.querySelectorAll("a.row")];
    const at = rows.findIndex((one) => one.closest("tr.shown"));
    const next = at < 0 ? null : rows[at + step];
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
addEventListener("popstate", (event) => {
  if (location.pathname + location.search === shown) return;  // "Skip to the content" goes to a place of the same page
  forget();
  show(location.href, { push: false, to: (event.state || {}).to || "" });
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
  document.getElementById("main")?.removeAttribute("aria-busy");
  for (const chart of document.querySelectorAll("[data-chart]")) {
    chart.querySelectorAll("a").forEach((bar, at) => bar.setAttribute("tabindex", at ? "-1" : "0"));
  }
  const list = document.querySelector(".sections ul"), current = list?.querySelector("[aria-current]");
  if (current && list.scrollWidth > list.clientWidth) list.scrollLeft = current.offsetLeft - list.offsetLeft - 24;
}
ready();
setInterval(news, 15000);
