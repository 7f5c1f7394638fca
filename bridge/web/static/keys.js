// Presses what bears data-key. The table of keys is bridge/web/keys.py.
const store = window.localStorage;
const off = () => store.getItem("keys") === "off";
const writing = (at) => at.closest?.("input:not([type=radio],[type=checkbox]),select,textarea,[contenteditable]");
const seen = (it) => it.checkVisibility?.() ?? it.offsetParent !== null;
const chosen = () => { try { return JSON.parse(store.getItem("keys-map")) ?? {}; } catch { return {}; } };
let first = "";
let timer = 0;

// Puts this browser's own keys in the place of those of the table, on the page and in what is read out.
function rename(root) {
  const own = chosen();
  const ours = (was) => {
    const [, lead, digit] = /^(\S) (\d)$/.exec(was) ?? []; // "p 1" goes with "p"
    return own[was] ?? (own[lead] ? `${own[lead]} ${digit}` : was);
  };
  for (const it of root.querySelectorAll("[data-key]")) {
    it.dataset.own ??= it.dataset.key;
    const keys = ours(it.dataset.own);
    if (keys === it.dataset.key) continue;
    for (const mark of it.querySelectorAll("kbd")) if (mark.textContent === it.dataset.key) mark.textContent = keys;
    it.dataset.key = keys;
    if (it.hasAttribute("aria-keyshortcuts")) it.setAttribute("aria-keyshortcuts", keys);
  }
}

function bearing(keys) {
  const open = document.querySelector("details.menu[open]");
  const places = open ? [open, document] : [document];
  for (const place of places)
    for (const it of place.querySelectorAll(`[data-key="${CSS.escape(keys)}"]`)) if (seen(it)) return it;
  return null;
}

function press(it) {
  if (it.localName === "summary") {
    const box = it.parentElement;
    const opens = !box.open;
    for (const other of document.querySelectorAll("details.menu[open]")) other.open = false;
    box.open = opens;
    (opens ? box.querySelector("input:not([type=hidden]),button,select") ?? it : it).focus();
  } else if (it.matches("input:not([type=checkbox]),select,textarea")) {
    it.focus();
    it.select?.();
  } else it.click();
}

function menus(event) {
  const open = document.querySelector("details.menu[open]");
  if (event.key !== "Escape") return;
  if (writing(event.target)) event.target.blur();
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest?.("form");
    const button = form?.querySelector("button");
    if (form && !button?.disabled && !button?.hidden && !off()) form.requestSubmit(button);
    return;
  }
  menus(event);
  if (event.key === "Enter" && event.target.matches?.("[data-pick]")) event.preventDefault(); // ticks, decides nothing
  if (document.querySelector("dialog[open]")) return;
  if (off() || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || writing(event.target)) return;
  if (event.key.length > 1) return;
  const both = first ? `${first} ${event.key}` : event.key;
  clearTimeout(timer);
  first = "";
  const it = bearing(both);
  if (it) {
    event.preventDefault();
    press(it);
  } else if (document.querySelector(`[data-key^="${CSS.escape(event.key)} "]`)) {
    first = event.key;
    timer = setTimeout(() => { first = ""; }, 1500);
  }
});

rename(document);
for (const box of document.querySelectorAll("[data-keys-switch]")) {
  box.hidden = false;
  box.checked = !off();
  box.closest("label").hidden = false;
  box.addEventListener("change", () => store.setItem("keys", box.checked ? "on" : "off"));
}
for (const form of document.querySelectorAll("[data-ticks]"))
  form.addEventListener("change", () => {
    const ticked = form.querySelectorAll("input[type=checkbox]:checked").length;
    form.querySelector("[data-ticked]").textContent = `${ticked} ticked change${ticked === 1 ? "" : "s"}`;
    form.querySelector(".act button").disabled = !ticked;
  });
const bulk = document.querySelector("[data-bulk]");
if (bulk) {
  // Ticks last while one walks through a list, and are gone when something was done with them.
  const boxes = [...document.querySelectorAll("[data-pick]")];
  const place = `ticked ${bulk.dataset.bulk}`;
  const upto = bulk.querySelector("[data-upto]");
  let last = JSON.parse(sessionStorage.getItem(place) ?? "[]");
  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    bulk.hidden = !ticked;
    bulk.querySelector("[data-picked]").textContent = `${ticked} ticked:`;
    sessionStorage.setItem(place, JSON.stringify(last));
  };
  const tick = (box) => {
    last = last.filter((name) => name !== box.value);
    if (box.checked) last.push(box.value);
  };
  for (const box of boxes) {
    box.checked = last.includes(box.value);
    box.addEventListener("change", () => { tick(box); show(); });
  }
  const here = boxes.findIndex((box) => box.dataset.key);
  upto.hidden = here < 0;
  upto.addEventListener("click", () => {
    const from = boxes.findIndex((box) => box.value === last.at(-1));
    const [low, high] = [Math.min(from < 0 ? here : from, here), Math.max(from, here)];
    for (const box of boxes.slice(low, high + 1)) { box.checked = true; tick(box); }
    show();
  });
  bulk.addEventListener("submit", () => sessionStorage.removeItem(place));
  show();
}
const write = document.querySelector("[data-write]");
write?.focus();
write?.select();
for (const list of document.querySelectorAll("[data-scroll]")) list.scrollIntoView({ block: "nearest" });
