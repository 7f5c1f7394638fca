// Ctrl+K: go to a page, a view or a topic, or do what the page offers, by its words. The server finds; the
// verbs are what can be seen and pressed on this page.
const palette = document.querySelector("dialog.find");
const asked = palette?.querySelector("input");
const list = palette?.querySelector("[role=listbox]");
const told = palette?.querySelector("[role=status]");
let entries = [];
let at = 0;
let turn = 0;
let pause = 0;

function label(it) {
  const copy = it.cloneNode(true);
  for (const mark of copy.querySelectorAll("kbd")) mark.remove();
  const topic = it.closest("[data-topic]")?.dataset.topic ?? "";
  const text = copy.textContent.replace(/\s+/g, " ").trim();
  return topic && !text.includes(topic) ? `${text} · ${topic}` : text;
}

const split = (q) => q.toLowerCase().split(/\s+/).filter(Boolean);

function verbs(words) {
  return [...document.querySelectorAll("main [data-key]:not(input,select,textarea), .toast [data-key]")]
    .filter(seen)
    .map((it) => ({ what: "verb", label: label(it), more: "", act: () => press(it) }))
    .filter((one, place, all) => all.findIndex((other) => other.label === one.label) === place)
    .filter((one) => words.every((word) => one.label.toLowerCase().includes(word)));
}

function choose(place) {
  at = Math.max(0, Math.min(place, entries.length - 1));
  [...list.children].forEach((it, number) => it.setAttribute("aria-selected", String(number === at)));
  const it = list.children[at];
  if (it) asked.setAttribute("aria-activedescendant", it.id);
  else asked.removeAttribute("aria-activedescendant");
  it?.scrollIntoView({ block: "nearest" });
}

function lay(found, why) {
  entries = found;
  list.replaceChildren(...found.map((one, place) => {
    const it = Object.assign(document.createElement("li"), { id: `found-${place}` });
    it.setAttribute("role", "option");
    const what = Object.assign(document.createElement("span"), { className: "sign", textContent: one.what });
    const name = Object.assign(document.createElement("bdi"), { textContent: one.label });
    const more = Object.assign(document.createElement("span"), { className: "quiet", textContent: one.more });
    it.append(what, " ", name, " ", more);
    it.addEventListener("click", () => go(one));
    return it;
  }));
  told.textContent = why || (found.length ? `${found.length} found` : "Nothing bears these words.");
  choose(0);
}

function go(one) {
  if (!one) return;
  palette.close();
  if (one.act) one.act();
  else location.assign(one.href);
}

async function find() {
  const mine = ++turn;
  const q = asked.value.trim();
  const here = verbs(split(q));
  const answer = await fetch(`/find.json?q=${encodeURIComponent(q)}`).catch(() => null);
  const found = answer?.ok && !answer.redirected ? await answer.json() : null;
  if (mine !== turn) return;
  list.dataset.q = q;
  const numbered = found?.length && found[0].what === "topic" ? found.splice(0, 1) : [];
  lay([...numbered, ...here, ...(found ?? [])], found ? "" : "The server could not be asked; load the page again.");
}

function open() {
  if (palette.open) return;
  asked.value = "";
  lay(verbs([]), "");
  palette.showModal();
  find();
}

if (palette) {
  asked.addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(find, 80); });
  palette.addEventListener("keydown", async (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) { event.preventDefault(); choose(at + step); }
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    clearTimeout(pause);
    const q = asked.value.trim();
    if (q === list.dataset.q) return go(entries[at]);
    const here = /^t?-?\d+$/i.test(q) ? [] : verbs(split(q)); // known at once: no key waits for the server
    if (!here.length) await find();
    go(here[0] ?? entries[at]);
  });
  for (const link of document.querySelectorAll("[data-find]"))
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      open();
    });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || off()) return;
    event.preventDefault();
    open();
  });
}
