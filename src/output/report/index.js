// The index of a report: find, filter, sort, keys. Without it the page shows every slide by name.
(() => {
  "use strict";
  const controls = document.getElementById("controls");
  if (!controls) return;
  const body = document.getElementById("slides");
  const rows = [...body.rows].map((element, order) => ({
    element,
    order,
    name: element.dataset.name.toLowerCase(),
    state: element.dataset.state.split(" "),
    model: element.dataset.model,
    values: element.dataset.values.split("|").map((text) => (text === "" ? null : Number(text))),
    link: element.querySelector("th a"),
  }));
  const field = (id) => document.getElementById(id);
  const find = field("find"), show = field("show"), model = field("model"), sort = field("sort"), reverse = field("reverse");
  const names = new Intl.Collator(undefined, { numeric: true });

  // Names run from A to Z, figures from the largest; what has no value comes last either way.
  const compare = (a, b) => {
    const turn = reverse.getAttribute("aria-pressed") === "true" ? -1 : 1;
    if (sort.value === "name") return turn * (names.compare(a.name, b.name) || a.order - b.order);
    const x = a.values[Number(sort.value)], y = b.values[Number(sort.value)];
    if (x === null || y === null) return (x === null) - (y === null) || a.order - b.order;
    return turn * (y - x) || a.order - b.order;
  };

  const update = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const visible = words.every((word) => row.name.includes(word)) && (!show.value || row.state.includes(show.value)) &&
        (!model || !model.value || row.model === model.value);
      row.element.hidden = !visible;
      shown += visible;
    }
    body.append(...[...rows].sort(compare).map((row) => row.element));
    field("count").textContent = shown === rows.length ? `${shown} shown` : `${shown} of ${rows.length} shown`;
    const kept = new URLSearchParams();
    for (const input of [find, show, model, sort]) if (input && input.value && !(input === sort && input.value === "name")) kept.set(input.id, input.value);
    if (reverse.getAttribute("aria-pressed") === "true") kept.set("reverse", "1");
    history.replaceState(null, "", "#" + kept);
  };

  // The way back from a slide finds the list as it was.
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const input of [find, show, model, sort]) {
    if (!input || !kept.has(input.id)) continue;
    const value = kept.get(input.id);
    if (input === find || [...input.options].some((option) => option.value === value)) input.value = value;
  }
  if (kept.get("reverse")) reverse.setAttribute("aria-pressed", "true");

  for (const input of [find, show, model, sort]) input && input.addEventListener("input", update);
  reverse.addEventListener("click", () => {
    reverse.setAttribute("aria-pressed", String(reverse.getAttribute("aria-pressed") !== "true"));
    update();
  });
  controls.addEventListener("submit", (event) => event.preventDefault());

  const step = (by) => {
    const links = [...body.rows].filter((row) => !row.hidden).map((row) => row.querySelector("th a"));
    const now = links.indexOf(document.activeElement);
    const next = links[now < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(now + by, 0), links.length - 1)];
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
  update();
})();
