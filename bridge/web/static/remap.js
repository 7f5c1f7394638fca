// Other keys for this browser: the page of help has the table, and refuses what would hide another key.
const remap = document.querySelector("form[data-remap]");
if (remap) {
  const rows = [...document.querySelectorAll("tr[data-was]")];
  const said = document.getElementById("remapped");
  const now = (row) => chosen()[row.dataset.was] ?? row.dataset.was;
  const does = (row) => row.querySelector("td").textContent;

  const refusal = (was, keys) => {
    if (!/^\S( \S)?$/u.test(keys)) return "Write one key, or two with a space between them.";
    if (keys.includes(" ") && rows.some((row) => row.dataset.was === was && "leads" in row.dataset))
      return "Digits follow this one; write one key.";
    if (/^\d/.test(keys)) return "Digits choose in menus; take a letter or a sign.";
    for (const row of rows) {
      const other = now(row);
      if (row.dataset.was === was) continue;
      if (other === keys) return `${keys} is taken: ${does(row)}. Give that another key first.`;
      if (other.startsWith(`${keys} `)) return `${keys} begins ${other}: ${does(row)}. Take another one.`;
      if (keys.startsWith(`${other} `)) return `${other} already does something by itself: ${does(row)}.`;
    }
    return "";
  };
  const show = () => {
    for (const row of rows) {
      const marks = now(row).split(" ").map((one) => Object.assign(document.createElement("kbd"), { textContent: one }));
      row.querySelector("th").replaceChildren(...marks.flatMap((mark) => [mark, " "]));
    }
    rename(document);
  };
  remap.addEventListener("submit", (event) => {
    event.preventDefault();
    const was = remap.elements.what.value;
    const keys = remap.elements.keys.value.trim().replace(/^(\S)(\S)$/u, "$1 $2");
    const why = refusal(was, keys);
    said.textContent = why || `It is ${keys} from now on, in this browser.`;
    if (why) return;
    const { [was]: _, ...rest } = chosen();
    store.setItem("keys-map", JSON.stringify(keys === was ? rest : { ...rest, [was]: keys }));
    remap.elements.keys.value = "";
    show();
  });
  remap.querySelector("[data-reset]").addEventListener("click", () => {
    store.removeItem("keys-map");
    said.textContent = "All keys are as they were.";
    show();
  });
  remap.hidden = false;
  show();
}
