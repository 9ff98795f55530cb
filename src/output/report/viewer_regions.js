// Measured regions and hot spots over the deep-zoom view: outlines, and what was measured where one is clicked.
(() => {
  "use strict";
  if (typeof wsiViewer === "undefined") return;
  const { map, finest, side, scale } = wsiViewer, { field, keys } = wsiPage;
  const box = field("outlines"), ink = "#111";

  const Outlines = L.GridLayer.extend({
    createTile(coords) {
      const canvas = document.createElement("canvas"), ratio = window.devicePixelRatio || 1;
      canvas.width = canvas.height = side * ratio;
      const context = canvas.getContext("2d");
      context.scale(ratio, ratio);
      this.draw(context, coords.x * side, coords.y * side, 2 ** (coords.z - finest));
      return canvas;
    },
    // `enlarged`: pixels of the screen for one of the finest tiles. What is smaller than four of them is a dot, corners closer together than
    // one are passed over, and lines are thin where there are many: a hundred thousand regions cost little more than what can be seen of them.
    draw(context, left, top, enlarged) {
      const reach = 4, lines = [];
      for (const region of this.regions) {
        const [x0, y0, x1, y1] = region.edges;
        const x = x0 * enlarged - left, y = y0 * enlarged - top, width = (x1 - x0) * enlarged, height = (y1 - y0) * enlarged;
        if (x + width < -reach || y + height < -reach || x > side + reach || y > side + reach) continue;
        if (Math.max(width, height) >= 4) {
          lines.push(region);
        } else {
          context.fillStyle = region.colour;
          context.fillRect(x, y, Math.max(width, 1.5), Math.max(height, 1.5));
        }
      }
      const strokes = lines.length > 1000 ? [[1]] : [[4, "rgb(255 255 255 / .8)"], [2]];
      context.lineJoin = "round";
      for (const [width, paint] of strokes) {
        context.lineWidth = width;
        for (const { polygons, colour } of lines) {
          context.strokeStyle = paint ?? colour;
          context.beginPath();
          for (const rings of polygons) for (const ring of rings) this.trace(context, ring, left, top, enlarged);
          context.stroke();
        }
      }
    },
    trace(context, ring, left, top, enlarged) {
      let lastX = NaN, lastY = NaN;
      for (let i = 0; i < ring.length; i += 2) {
        const x = ring[i] * enlarged - left, y = ring[i + 1] * enlarged - top;
        if (Math.abs(x - lastX) < 1 && Math.abs(y - lastY) < 1) continue;
        if (i === 0) context.moveTo(x, y);
        else context.lineTo(x, y);
        lastX = x;
        lastY = y;
      }
      context.closePath();
    },
  });

  // ---- Which region is at a place: of several the smallest; even-odd rule ----
  const isIn = (rings, x, y) => {
    let inside = false;
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
        if (ring[i + 1] > y !== ring[j + 1] > y && x < ring[i] + ((y - ring[i + 1]) / (ring[j + 1] - ring[i + 1])) * (ring[j] - ring[i])) inside = !inside;
      }
    }
    return inside;
  };
  const size = ({ edges: [x0, y0, x1, y1] }) => (x1 - x0) * (y1 - y0);
  const regionAt = (regions, x, y, slack) => {
    const near = regions.filter(({ edges: [x0, y0, x1, y1] }) => x >= x0 - slack && y >= y0 - slack && x <= x1 + slack && y <= y1 + slack);
    const hit = near.filter((region) => Math.max(region.edges[2] - region.edges[0], region.edges[3] - region.edges[1]) <= slack ||
      region.polygons.some((rings) => isIn(rings, x, y)));
    return hit.sort((a, b) => size(a) - size(b))[0];
  };

  // ---- What is shown of one ----
  const element = (name, text, parts = []) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    made.append(...parts);
    return made;
  };
  const described = ({ name, of, area, shares }, classes) => {
    const rows = classes.map(([title, colour], i) => {
      const swatch = element("span");
      swatch.className = "swatch";
      swatch.style.background = colour;
      return element("tr", "", [element("th", "", [swatch, element("bdi", title)]), element("td", shares[i])]);
    });
    const words = element("div", "", [element("strong", "", [element("bdi", name)]), element("div", of), element("div", area), element("table", "", rows)]);
    words.className = "region";
    return words;
  };

  const show = ({ unit, classes, regions: list, spots }) => {
    const pixel = unit / scale;
    const regions = list.map(([number, name, of, place, area, shares, polygons]) => {
      const edges = [Infinity, Infinity, -Infinity, -Infinity];
      const absolute = polygons.map((rings) => rings.map((steps) => {
        const ring = new Float32Array(steps.length);
        let x = 0, y = 0;
        for (let i = 0; i < steps.length; i += 2) {
          x += steps[i];
          y += steps[i + 1];
          ring[i] = x * pixel;
          ring[i + 1] = y * pixel;
          edges[0] = Math.min(edges[0], ring[i]);
          edges[1] = Math.min(edges[1], ring[i + 1]);
          edges[2] = Math.max(edges[2], ring[i]);
          edges[3] = Math.max(edges[3], ring[i + 1]);
        }
        return ring;
      }));
      return { number, name, of, area, shares, polygons: absolute, edges, colour: classes[place] ? classes[place][1] : ink };
    });
    map.createPane("outlines").style.zIndex = 350;
    const layer = new Outlines({ tileSize: side, minZoom: map.getMinZoom(), maxZoom: map.getMaxZoom(), bounds: wsiViewer.bounds, noWrap: true, pane: "outlines" });
    layer.regions = regions;
    const squares = L.layerGroup(spots.map(([, x, y, width, title]) =>
      L.rectangle([[y / scale, x / scale], [(y + width) / scale, (x + width) / scale]], { color: ink, weight: 2, dashArray: "6 4", fill: false, interactive: false })
        .bindTooltip(element("bdi", title), { permanent: spots.length <= 20, direction: "top" })));
    const chosen = L.layerGroup();
    const all = L.layerGroup([layer, squares, chosen]);

    const choose = (region, place) => {
      chosen.clearLayers();
      map.closePopup();
      if (!region) return;
      const points = region.polygons.map((rings) => rings.map((ring) => Array.from({ length: ring.length / 2 }, (_, i) => [ring[2 * i + 1], ring[2 * i]])));
      chosen.addLayer(L.polygon(points, { color: "#fff", weight: 6, fill: false, interactive: false }));
      chosen.addLayer(L.polygon(points, { color: region.colour, weight: 3, fill: false, interactive: false }));
      L.popup({ maxWidth: 320, autoPanPadding: [20, 20] }).setLatLng(place).setContent(described(region, classes)).openOn(map);
    };
    map.on("popupclose", () => chosen.clearLayers());
    map.on("click", ({ latlng }) => {
      const slack = 3 * 2 ** (finest - map.getZoom());  // three pixels of the screen: a dot can be hit
      if (box.checked) choose(regionAt(regions, latlng.lng, latlng.lat, slack), latlng);
    });
    const toggle = () => {
      if (box.checked) all.addTo(map);
      else all.remove();
      if (!box.checked) choose();
    };
    box.addEventListener("input", toggle);
    keys.r = () => box.click();
    toggle();

    // ---- The page's table leads here ----
    const look = (x0, y0, x1, y1) => {
      if (!box.checked) box.click();
      field("map").scrollIntoView({ block: "nearest" });
      map.fitBounds([[y0, x0], [y1, x1]], { animate: false, padding: [60, 60] });
    };
    const lead = (links, find, go) => {
      for (const link of document.querySelectorAll(links)) {
        const found = find(Number(Object.values(link.dataset)[0]));
        if (!found) link.removeAttribute("href");  // it is not drawn
        else link.addEventListener("click", (event) => {
          event.preventDefault();
          go(found);
        });
      }
    };
    const byNumber = new Map(regions.map((region) => [region.number, region])), spotOf = new Map(spots.map((spot) => [spot[0], spot]));
    lead("a[data-region]", (number) => byNumber.get(number), (region) => {
      const [x0, y0, x1, y1] = region.edges;
      look(x0, y0, x1, y1);
      choose(region, [(y0 + y1) / 2, (x0 + x1) / 2]);
    });
    lead("a[data-spot]", (number) => spotOf.get(number), ([, x, y, width]) => look(x / scale, y / scale, (x + width) / scale, (y + width) / scale));
    box.disabled = false;
    box.closest("label").append(element("small", ` ${regions.length.toLocaleString("en")}`));
  };

  window.wsiRegions = show;
  const script = document.createElement("script");
  script.src = box.dataset.file;
  document.head.append(script);
})();
