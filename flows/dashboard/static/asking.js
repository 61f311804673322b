// What is asked for next, and how what comes is shown.
// Every link and form leads to an address that shows the whole page; here parts of the page are exchanged instead.

const PARTS = ["a.skip", "header.top", "nav.sections", "main"];
let shown = new URL(location.href);  // the address of what is shown
let asked = 0, isUnderway = false;  // pages that were asked for; the last one is not there yet
let timer, isDue = false;  // the next one is asked for soon
let isComposing = false;  // a letter takes several keystrokes, as in Korean
const followed = new Map();  // parts of the address that links changed since it is shown
const touched = new Set();  // fields that somebody changed since a page was asked for

// Whoever is quicker than the answers loses nothing: the next address is the shown one with everything that was
// chosen, typed or clicked since.
function next(link) {
  const address = new URL(shown), query = address.searchParams;
  const put = (values, name) => {
    query.delete(name);
    for (const one of values) if (one !== "") query.append(name, one);
  };
  followed.forEach(put);
  for (const form of document.querySelectorAll("[data-auto], [data-live]")) {
    const given = chosen(form);
    if (given.size) for (const name of ["conversation", "draft"]) if (!form.elements[name]) query.delete(name);
    given.forEach(put);
  }
  if (link) changed(link).forEach(put);
  const isOther = [...query.keys(), ...shown.searchParams.keys()].some((name) =>
    !["at", "conversation", "draft"].includes(name) && String(query.getAll(name)) !== String(shown.searchParams.getAll(name)));
  if (isOther) query.delete("at");  // another list begins at its beginning
  address.hash = "";
  return address;
}

// The parts of the shown address that a link changes, by name.
function changed(link) {
  const old = shown.searchParams, given = new URL(link.href).searchParams;
  const names = [...old.keys(), ...given.keys()].filter((name) => String(old.getAll(name)) !== String(given.getAll(name)));
  return new Map(names.map((name) => [name, given.getAll(name)]));
}

// The parts of the address that a form changes, by name.
function chosen(form) {
  const fields = [...form.elements].filter((one) => one.name && one.type !== "hidden"), data = new FormData(form);
  if (form.dataset.live) {
    if (!fields.some((one) => isChanged(one) || shown.searchParams.has(one.name))) return new Map();
    // a line of conditions that asks nothing is left out
    const idle = new Set([...form.querySelectorAll("fieldset")].filter((one) => !one.querySelector("[name^=metric]").value)
      .flatMap((one) => [...one.elements].map((field) => field.name)));
    return new Map(fields.map(({ name }) => [name, idle.has(name) ? [] : data.getAll(name)]));
  }
  const given = new Map(fields.filter(isChanged).map(({ name }) => [name, data.getAll(name)]));
  const range = ["dates", "first", "last"].filter((name) => given.delete(name));  // they are one part
  if (range.length) {
    const { dates, first, last } = form.elements;
    if (dates.value !== "any") given.set("dates", [dates.value]);
    else if (!form.dataset.range && form.checkValidity()) given.set("dates", [[first.value, last.value].sort().join("..")]);
  }
  return given;
}

function isChanged(field) {
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  if (!field.options) return field.value !== field.defaultValue;
  const start = [...field.options].find((one) => one.defaultSelected) || field.options[0];
  return field.value !== start.value;
}

// Ask for what was chosen, typed and clicked.
function ask(link = null, to = "") {
  const address = next(link), live = document.querySelector("[data-live]");
  if (link) changed(link).forEach((values, name) => followed.set(name, values));
  if (!link && address.search === shown.search) {
    if (isUnderway) settle();  // what is on its way was taken back
  } else if (!link && live && !isUnderway && ![...document.querySelectorAll("[data-auto]")].some((one) => chosen(one).size)) {
    count(live, address);
  } else {
    show(address, { to });
  }
}

function settle() {
  asked += 1;
  isUnderway = isDue = false;
  clearTimeout(timer);
  followed.clear();
  touched.clear();
  document.getElementById("main")?.removeAttribute("aria-busy");
}

function soon(after) {
  isDue = true;
  clearTimeout(timer);
  timer = setTimeout(() => {
    isDue = false;
    ask();
  }, after);
}

// Show an address: exchange the content, keep the place, and bring into view and focus what the click asked for.
async function show(address, { push = true, to = "" } = {}) {
  const mine = ++asked;
  isUnderway = true;
  isDue = false;
  clearTimeout(timer);
  touched.clear();
  document.getElementById("main").setAttribute("aria-busy", "true");
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (mine !== asked) return;  // another click came later
  const isPage = answer && answer.ok && (answer.headers.get("content-type") || "").startsWith("text/html");
  const next = isPage && new DOMParser().parseFromString(await answer.text(), "text/html");
  while (isComposing) await new Promise((done) => document.addEventListener("compositionend", done, { once: true }));
  if (mine !== asked) return;
  if (!next || !next.getElementById("main")) {
    location.assign(address);
    return;
  }
  if (push) history.pushState({ to }, "", answer.url);
  exchange(next, push && !to);
  if (to && !touched.size) reveal(document.querySelector(to));  // who types on already stays there
}

// Put the next page in the place of this one. Open menus, the focus and what was typed meanwhile stay.
function exchange(next, isSame) {
  document.title = next.title;
  document.documentElement.lang = next.documentElement.lang;
  document.body.dataset.publication = next.body.dataset.publication || "";
  const open = [...document.querySelectorAll("main details.menu")].map((one) => one.open);
  const active = document.activeElement, { selectionStart, selectionEnd } = active;
  const fields = [...touched], wasDue = isDue;
  for (const part of PARTS) {
    const old = document.querySelector(part), fresh = next.querySelector(part);
    // dates that somebody is typing cannot be brought over: they have no value yet
    if (old && fresh && !old.querySelector("[data-range]")) old.replaceWith(fresh);
  }
  settle();  // also because Chromium says of a field that is taken out that it was changed
  shown = new URL(location.href);
  document.querySelectorAll("main details.menu").forEach((one, at) => { if (isSame && open[at]) one.open = true; });
  document.dispatchEvent(new Event("exchanged"));
  for (const field of fields) {
    const fresh = successor(field);
    if (!fresh || (fresh.options && ![...fresh.options].some((one) => one.value === field.value))) continue;
    if (field.type === "checkbox") fresh.checked = field.checked;
    else fresh.value = field.value;
    touched.add(fresh);
  }
  if (wasDue) soon(0);
  const wanted = active.form && active.name && successor(active);
  if (!wanted || wanted === document.activeElement) return;
  wanted.focus({ preventScroll: true });
  if (wanted.value === active.value && wanted.type === "search") wanted.setSelectionRange(selectionStart, selectionEnd);
}

// The same field of the page that came.
function successor(field) {
  const form = [...document.forms].find((one) => one.className === field.form.className);
  return form && [...form.elements].find((one) => one.name === field.name && (one.type !== "checkbox" || one.value === field.value));
}

function reveal(wanted) {
  if (!wanted) return;
  wanted.focus({ preventScroll: true });
  document.querySelector("#panel mark")?.scrollIntoView({ block: "nearest" });
  const place = wanted.getBoundingClientRect();
  if (place.top < 0 || place.top > innerHeight - 120) wanted.scrollIntoView({ block: "nearest" });
}

// The number of a segment while somebody chooses it; the address keeps up.
async function count(form, address) {
  const mine = ++asked;
  history.replaceState(history.state, "", address);
  shown = new URL(location.href);
  touched.clear();
  const answer = await fetch(new URL(form.dataset.live + address.search, location.href)).catch(() => null);
  if (mine !== asked || !answer || !answer.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine === asked) document.querySelector(form.dataset.into).replaceWith(next.querySelector(form.dataset.into));
}

function isOurs(form) {
  return form && form.matches("[data-auto], [data-live]");
}
document.addEventListener("change", (event) => {
  const field = event.target, form = field.form;
  if (!isOurs(form)) return;
  touched.add(field);
  if (field.type === "date") { form.dataset.range = "typed"; return; }  // a date is whole when it is left
  if (field.matches("[data-dates]")) {
    const range = form.querySelector(".range");
    range.hidden = field.value !== "any";
    if (!range.hidden) { range.querySelector("input").focus(); return; }
  }
  soon(field.type === "checkbox" ? 500 : 0);
});
document.addEventListener("input", (event) => {
  if (!isOurs(event.target.form) || !["search", "text", "number"].includes(event.target.type)) return;
  touched.add(event.target);
  if (!isComposing) soon(400);
});
document.addEventListener("compositionstart", () => { isComposing = true; });
document.addEventListener("compositionend", (event) => {
  isComposing = false;
  if (isOurs(event.target.form)) soon(400);
});
document.addEventListener("focusin", ({ target }) => {
  if (target.type === "date" && isOurs(target.form)) target.form.dataset.range ||= "open";
});
document.addEventListener("focusout", ({ target, relatedTarget }) => {
  if (target.type !== "date" || !isOurs(target.form) || (relatedTarget && relatedTarget.type === "date")) return;
  const isTyped = target.form.dataset.range === "typed";
  delete target.form.dataset.range;
  if (isTyped && target.form.reportValidity()) soon(0);
});
document.addEventListener("submit", (event) => {
  if (!isOurs(event.target)) return;
  event.preventDefault();
  delete event.target.dataset.range;
  soon(0);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented) return;
  if (!link.matches("[data-swap]")) { take(link); return; }
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (String(getSelection())) return;  // marking text is not a click
  event.preventDefault();
  if (link.matches("[data-clear]")) {
    followed.clear();
    for (const form of document.querySelectorAll("main form")) form.reset();
  }
  const isClosing = link.matches("[data-close]");
  ask(link, link.dataset.to || (isClosing ? opened() : link.closest(".chips, .turn") ? "#list-title" : ""));
});

// Dates, channel, account and language that were chosen a moment ago go along to another section.
function take(link) {
  if (link.origin !== location.origin || link.hasAttribute("download") || link.matches(".skip")) return;
  const address = new URL(link.href);
  for (const form of document.querySelectorAll("header [data-auto], nav [data-auto]")) {
    chosen(form).forEach(([value], name) => address.searchParams.set(name, value));
  }
  if (address.href !== link.href) link.href = address;
}

// The row that the open panel belongs to.
function opened() {
  const row = document.querySelector("tr.shown a.row, tr.shown a.button")?.closest("tr");
  if (!row) return "#main";
  for (const key of ["conversation", "topic"]) {
    if (row.dataset[key]) return `tr[data-${key}="${CSS.escape(row.dataset[key])}"] a`;
  }
  return "#main";
}

addEventListener("popstate", (event) => {
  if (location.pathname + location.search === shown.pathname + shown.search) {  // a place of the same page
    if (isUnderway) settle();
    return;
  }
  settle();
  show(location.href, { push: false, to: (event.state || {}).to || "" });
});

addEventListener("pagehide", settle);
addEventListener("pageshow", (event) => {
  if (event.persisted) show(location.href, { push: false });  // it came back as it was left, with words half typed
});
