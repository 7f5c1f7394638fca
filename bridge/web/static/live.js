// A part of a page that changes by itself: asked for anew every two seconds, while somebody looks.
async function look() {
  const part = document.querySelector("[data-live]");
  if (!part) return;
  if (!document.hidden && !part.contains(document.activeElement)) {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
    if (answer?.redirected || answer?.status === 403) return;
    const text = answer?.ok ? await answer.text() : "";
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById(part.id);
    if (fresh) part.replaceWith(document.importNode(fresh, true));
  }
  setTimeout(look, 2000);
}
if (document.querySelector("[data-live]")) setTimeout(look, 2000);
