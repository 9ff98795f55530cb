// A slide's page: keys, and the way to the other slides in the order in which the index shows them.
const wsiPage = (() => {
  "use strict";
  const field = (id) => document.getElementById(id);
  const hash = (parameters) => (String(parameters) ? "#" + parameters : "");

  const lead = () => {
    const chosen = wsiList.choice(location.hash), { all, shown } = wsiList.listed(chosen);
    const here = wsiSlides.findIndex((slide) => slide.page === document.querySelector("nav").dataset.page);
    const list = shown.includes(here) ? shown : all, rank = list.indexOf(here);
    for (const [id, to] of [["prev", list[rank - 1]], ["next", list[rank + 1]]]) {
      const link = field(id);
      link.hidden = to === undefined;
      if (link.hidden) continue;
      link.href = wsiSlides[to].page + hash(chosen);
      link.querySelector("bdi").textContent = wsiSlides[to].title;
    }
    field("up").href = "../index.html" + hash(chosen);
    field("rank").textContent = `${rank + 1} of ${list.length}${list === shown && shown.length < all.length ? " shown" : ""}`;
  };
  lead();
  window.addEventListener("hashchange", lead);

  const follow = (id) => field(id).hidden || field(id).click();
  const keys = { n: () => follow("next"), p: () => follow("prev"), u: () => follow("up") };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input[type=text], input[type=search]")) return;
    const action = keys[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  });
  return { field, keys };
})();
