// Which slides a reader sees and in which order: one rule for the index and for "next" and "previous" on a slide's page.
// What was chosen on the index stands in the address (find, show, model, sort, reverse), there and on the pages that it leads to.
const wsiList = (() => {
  "use strict";
  const names = new Intl.Collator(undefined, { numeric: true });

  // The choices in an address's part behind "#"; what is not about the list is left out.
  const choice = (hash) => {
    const all = new URLSearchParams(hash.replace(/^#/, "")), kept = new URLSearchParams();
    for (const key of ["find", "show", "model", "sort", "reverse"]) if (all.get(key)) kept.set(key, all.get(key));
    return kept;
  };

  // Names run from A to Z, figures from the largest; what has no value comes last either way.
  const order = (chosen) => {
    const turn = chosen.get("reverse") ? -1 : 1, figure = chosen.get("sort");
    return (a, b) => {
      const x = figure ? wsiSlides[a].values[figure] ?? null : null, y = figure ? wsiSlides[b].values[figure] ?? null : null;
      if (x !== y && (x === null || y === null)) return (x === null) - (y === null);
      if (x !== y) return turn * (y - x);
      return (figure ? 1 : turn) * names.compare(wsiSlides[a].name, wsiSlides[b].name) || a - b;
    };
  };

  // Indices into wsiSlides: all in order, and those that are shown.
  const listed = (chosen) => {
    const words = (chosen.get("find") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const show = chosen.get("show"), model = chosen.get("model");
    const all = wsiSlides.map((slide, i) => i).sort(order(chosen));
    const shown = all.filter((i) => words.every((word) => wsiSlides[i].name.toLowerCase().includes(word)) &&
      (!show || wsiSlides[i].state.includes(show)) && (!model || wsiSlides[i].model === model));
    return { all, shown };
  };

  return { choice, listed };
})();
