// The index of a report: find, filter, sort, keys. Without it the page shows every slide.
(() => {
  "use strict";
  const field = (id) => document.getElementById(id);
  const controls = field("controls");
  if (!controls) return;
  const body = field("slides"), rows = [...body.rows];  // in the order of wsiSlides
  const find = field("find"), sort = field("sort"), reverse = field("reverse");
  const inputs = [find, field("show"), field("model"), sort].filter(Boolean);
  const links = [...document.querySelectorAll("a[href^='slides/']")].map((link) => [link, link.getAttribute("href")]);

  const chosen = () => {
    const choice = new URLSearchParams(inputs.filter((input) => input.value).map((input) => [input.id, input.value]));
    if (reverse.getAttribute("aria-pressed") === "true") choice.set("reverse", "1");
    return choice;
  };
  const update = () => {
    const choice = chosen(), { all, shown } = wsiList.listed(choice), visible = new Set(shown);
    rows.forEach((row, i) => (row.hidden = !visible.has(i)));
    body.append(...all.map((i) => rows[i]));
    field("count").textContent = shown.length === all.length ? `${shown.length} shown` : `${shown.length} of ${all.length} shown`;
    const hash = String(choice) ? "#" + choice : "";
    for (const [link, page] of links) link.setAttribute("href", page + hash);  // a slide's page knows the list that it was opened from
    history.replaceState(null, "", hash || location.pathname);
  };

  // The way back from a slide finds the list as it was.
  const restore = () => {
    const kept = wsiList.choice(location.hash);
    for (const input of inputs) {
      const value = kept.get(input.id) ?? "";
      if (input === find || [...input.options].some((option) => option.value === value)) input.value = value;
    }
    reverse.setAttribute("aria-pressed", String(kept.has("reverse")));
    update();
  };
  restore();
  window.addEventListener("hashchange", restore);

  for (const input of inputs) input.addEventListener("input", update);
  reverse.addEventListener("click", () => {
    reverse.setAttribute("aria-pressed", String(reverse.getAttribute("aria-pressed") !== "true"));
    update();
  });
  controls.addEventListener("submit", (event) => event.preventDefault());

  const step = (by) => {
    const titles = [...body.rows].filter((row) => !row.hidden).map((row) => row.querySelector("th a"));
    const now = titles.indexOf(document.activeElement);
    const next = titles[now < 0 ? (by > 0 ? 0 : titles.length - 1) : Math.min(Math.max(now + by, 0), titles.length - 1)];
    if (next) next.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && document.activeElement === find) {
      find.value = "";
      update();
      find.blur();
    }
    if (event.target.closest("input, select")) return;
    if (event.key === "/") {
      event.preventDefault();
      find.focus();
    } else if (event.key === "j") {
      step(1);
    } else if (event.key === "k") {
      step(-1);
    }
  });
  controls.hidden = false;
  field("keys").hidden = false;
})();
