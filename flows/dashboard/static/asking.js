// What is asked for next, and how what comes is shown.
// Every link and form leads to an address that shows the whole page; here parts of the page are exchanged instead.

const PARTS = ["a.skip", "p.brand", "form.scope", "p.fresh", "nav.sections", "main"];
const TYPED = ["search", "text", "number"];
let place, shown;  // where the browser is, and the same with all parts, as links have them
let asked = 0, underway = "";  // questions to the server; the last one is on its way: a "step", "history" or a "count"
let timer, isDue = false;  // the next one is asked for soon
let typed = "", writer = "";  // the field that is typed in, and the one whose words made the newest step
let isComposing = false;  // a letter takes several keystrokes, as in Korean
const followed = new Map();  // parts of the address that links changed since it is shown
const touched = new Set();  // fields that somebody changed since a page was asked for

function arrived() {
  place = location.pathname + location.search;
  shown = new URL(document.body.dataset.shown || location.href, location.href);
}
arrived();

// Whoever is quicker than the answers loses nothing: the next address is the shown one with everything that was
// chosen, typed or clicked since.
function next(changes) {
  const address = new URL(shown), query = address.searchParams;
  const change = (values, name) => {
    query.delete(name);
    for (const one of values) if (one !== "") query.append(name, one);
  };
  followed.forEach(change);
  for (const form of document.querySelectorAll("[data-auto], [data-live]")) {
    const given = chosen(form);
    if (given.size) for (const name of ["conversation", "draft"]) if (!form.elements[name]) query.delete(name);
    given.forEach(change);
  }
  changes.forEach(change);
  const isOther = [...changed(address).keys()].some((name) => !["at", "conversation", "draft"].includes(name));
  if (isOther) query.delete("at");  // another list begins at its beginning
  address.hash = "";
  return address;
}

// The parts in which an address is not the shown one, by name.
function changed({ searchParams: given }) {
  const old = shown.searchParams;
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
    else if (form.checkValidity()) given.set("dates", [[first.value, last.value].sort().join("..")]);
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
  const changes = link ? changed(addressOf(link)) : new Map();
  if (link && !changes.size) followed.clear();  // it leads to what is shown
  const address = next(changes), live = document.querySelector("[data-live]");
  changes.forEach((values, name) => {
    followed.set(name, values);
    if (!values.length) empty(name);
  });
  if (!changed(address).size) {
    if (underway === "step") settle();  // what is on its way was taken back
    if (to) reveal(document.querySelector(to));
  } else if (!link && live && !/step|history/.test(underway) && ![...document.querySelectorAll("[data-auto]")].some((one) => chosen(one).size)) {
    count(live, address);
  } else {
    show(address, { to, by: link ? "" : typed });
  }
}

function addressOf(link) {
  return new URL(link.getAttribute("href"), location.href);
}

// The fields of a part that was taken off.
function empty(name) {
  for (const field of document.querySelectorAll(`main [data-auto] [name="${CSS.escape(name)}"]`)) {
    if (field.type === "checkbox") field.checked = false;
    else if (field.type !== "hidden") field.value = "";
  }
}

function settle() {
  asked += 1;
  underway = "";
  isDue = false;
  clearTimeout(timer);
  followed.clear();
  touched.clear();
  document.getElementById("main")?.removeAttribute("aria-busy");
}

function soon(after) {
  isDue = true;
  clearTimeout(timer);
  timer = setTimeout(now, after);
}

function now() {
  isDue = false;
  clearTimeout(timer);
  ask();
}

// Show an address: exchange the content, keep the place, and bring into view and focus what the click asked for.
// Words that are typed on, `by` a field that is not left, are one step.
async function show(address, { push = true, to = "", by = "" } = {}) {
  const mine = ++asked;
  underway = push ? "step" : "history";
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
  if (push) history[by && by === writer ? "replaceState" : "pushState"]({ to }, "", answer.url);
  const row = document.getElementById("panel") && opened();
  exchange(next, push, push && !to);
  const wanted = to || (row && !document.getElementById("panel") && document.activeElement === document.body && row);
  if (wanted && !touched.size) reveal(document.querySelector(wanted));  // who types on already stays there
  writer = by;
}

// Put the next page in the place of this one. Open menus, the focus and what was typed meanwhile stay.
function exchange(next, isStep, isSame) {
  document.title = next.title;
  document.documentElement.lang = next.documentElement.lang;
  for (const name of ["publication", "shown"]) document.body.dataset[name] = next.body.dataset[name] || "";
  const open = [...document.querySelectorAll("main details.menu")].map((one) => one.open);
  const active = document.activeElement, find = successor(active), { selectionStart, selectionEnd } = active;
  const fields = isDue ? [...touched].map((one) => [one, successor(one)]) : [], wasDue = isDue;
  for (const part of PARTS) {
    const old = document.querySelector(part), fresh = next.querySelector(part);
    // a date that is typed half cannot be brought over: it has no value yet
    if (old && fresh && !(isStep && old.dataset.range)) old.replaceWith(fresh);
  }
  settle();  // also because Chromium says of a field that is taken out that it was changed
  arrived();
  document.querySelectorAll("main details.menu").forEach((one, at) => { if (isSame && open[at]) one.open = true; });
  for (const [field, found] of fields) {
    const fresh = found();
    if (!fresh || (fresh.options && ![...fresh.options].some((one) => one.value === field.value))) continue;
    if (field.type === "checkbox") fresh.checked = field.checked;
    else put(fresh, field.value);
    if (fresh.matches("[data-dates]")) fresh.form.querySelector(".range").hidden = field.value !== "any";
    touched.add(fresh);
  }
  if (wasDue) soon(0);
  const wanted = find();
  if (wanted && wanted !== document.activeElement) {
    wanted.focus({ preventScroll: true });
    if (wanted.type === "number") put(wanted, wanted.value);
    else if (wanted.value === active.value && selectionStart != null) wanted.setSelectionRange(selectionStart, selectionEnd);
  }
  document.dispatchEvent(new Event("exchanged"));
}

// A value, with the caret at its end.
function put(field, value) {
  if (!field.options) field.value = "";
  field.value = value;
}

// What finds, on the page that came, the same field, or the same of several links of one name.
function successor(old) {
  if (old.form && old.name) {
    const kind = old.form.className;
    const isSame = (one) => one.name === old.name && (one.type !== "checkbox" || one.value === old.value);
    return () => [...[...document.forms].find((one) => one.className === kind)?.elements || []].find(isSame);
  }
  if (!old.matches("a, summary, button")) return () => null;
  const kind = `${PARTS.find((one) => old.closest(one)) || "body"} ${old.localName}`;
  const name = (one) => JSON.stringify([one.textContent, one.getAttribute("aria-label"), { ...one.closest("tr")?.dataset }]);
  const same = () => [...document.querySelectorAll(kind)].filter((one) => name(one) === name(old));
  const at = same().indexOf(old);
  return () => same()[at] || same()[0];
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
  underway = "count";
  history.replaceState(history.state, "", address);
  document.body.dataset.shown = address.pathname + address.search;
  arrived();
  touched.clear();
  const answer = await fetch(new URL(form.dataset.live + address.search, location.href)).catch(() => null);
  if (mine !== asked) return;
  const next = answer && answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== asked) return;
  const fresh = next && next.querySelector(form.dataset.into);
  if (!fresh) { location.assign(address); return; }
  document.querySelector(form.dataset.into).replaceWith(fresh);
  underway = "";
  document.dispatchEvent(new Event("exchanged"));
}

function isOurs(form) {
  return form && form.matches("[data-auto], [data-live]");
}
document.addEventListener("change", (event) => {
  const field = event.target, form = field.form;
  if (!isOurs(form)) return;
  touched.add(field);
  typed = TYPED.includes(field.type) ? field.name : "";
  if (field.type === "date") { soon(1500); return; }
  if (field.matches("[data-dates]")) {
    const range = form.querySelector(".range");
    range.hidden = field.value !== "any";
    if (!range.hidden) { form.dataset.range = "open"; range.querySelector("input").focus(); return; }
    delete form.dataset.range;
  }
  soon(field.type === "checkbox" ? 500 : 0);
});
document.addEventListener("input", ({ target }) => {
  if (!isOurs(target.form) || !TYPED.includes(target.type)) return;
  touched.add(target);
  typed = target.name;
  if (!isComposing) soon(400);
});
document.addEventListener("compositionstart", () => { isComposing = true; });
document.addEventListener("compositionend", ({ target }) => {
  isComposing = false;
  if (isOurs(target.form)) soon(400);
});
document.addEventListener("keydown", ({ target, key }) => {
  if (target.type === "date" && isOurs(target.form) && !["Tab", "Shift", "Enter", "Escape"].includes(key)) target.form.dataset.range = "open";
});
document.addEventListener("focusout", ({ target, relatedTarget }) => {
  if (target.name === writer) writer = "";
  if (target.type !== "date" || !isOurs(target.form) || (relatedTarget && relatedTarget.type === "date")) return;
  delete target.form.dataset.range;
  if (target.form.checkValidity()) soon(0);
  else for (const one of target.form.querySelectorAll("[type=date]")) one.value = one.defaultValue;  // no whole range
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
  if (link.hasAttribute("download") && isDue) now();
  if (link.hasAttribute("download") && underway) {  // the file is of what was chosen
    event.preventDefault();
    const find = successor(link);
    document.addEventListener("exchanged", () => find()?.click(), { once: true });
    return;
  }
  if (!link.matches("[data-swap]")) { take(link); return; }
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) { link.href = next(changed(addressOf(link))); return; }
  event.preventDefault();
  if (getSelection().type === "Range" && getSelection().containsNode(link, true) && event.detail) return;  // text was marked
  if (link.matches("[data-clear]")) {
    followed.clear();
    for (const form of document.querySelectorAll("main form")) form.reset();
  }
  const isClosing = link.matches("[data-close]");
  ask(link, link.dataset.to || (isClosing ? opened() : link.closest(".chips, .turn, .nothing") ? "#list-title" : ""));
});

// Dates, channel, account and language that were chosen a moment ago go along to another section.
function take(link) {
  const address = addressOf(link);
  if (address.origin !== location.origin || link.hasAttribute("download") || link.matches(".skip")) return;
  const choices = [...document.querySelectorAll("header [data-auto], nav [data-auto]")].flatMap((form) => [...chosen(form)]);
  for (const [name, [value]] of choices) address.searchParams.set(name, value);
  if (choices.length) link.setAttribute("href", address);
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
  if (location.pathname + location.search === place) {  // back again, or to a place of the same page
    if (underway === "history") settle();
    return;
  }
  settle();
  show(location.href, { push: false, to: (event.state || {}).to || "" });
});

addEventListener("pagehide", settle);
addEventListener("pageshow", (event) => {
  if (event.persisted) show(location.href, { push: false });  // it came back as it was left, with words half typed
});
