// The deep-zoom view of a slide's page. Labels come as values and are coloured here.
(() => {
  "use strict";
  const { field, keys } = wsiPage;
  if (typeof L === "undefined") return;
  const view = JSON.parse(field("view").textContent);
  const levels = view.levels, side = view.side, finest = levels.length - 1;
  const whole = levels[finest];

  // ---- Labels: colour and visibility by value ----
  const shown = new Set(view.labels.map((label) => label.value));
  const name = new Map(view.labels.map((label) => [label.value, label.name]));
  const colours = new Uint32Array(256);
  const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
  const recolour = () => {
    colours.fill(0);
    for (const { value, colour } of view.labels) {
      if (!shown.has(value)) continue;
      const rgb = parseInt(colour.slice(1), 16), red = rgb >> 16, green = (rgb >> 8) & 255, blue = rgb & 255;
      colours[value] = littleEndian ? ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0 : ((rgb << 8) | 255) >>> 0;
    }
  };
  recolour();

  // A page from disk may not read the pixels of an image file, so a tile of labels is a script that hands over a PNG.
  window.wsiLabelTile = (png) => document.currentScript.dispatchEvent(new CustomEvent("labels", { detail: png }));
  const loadLabels = (url, width, height) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const end = (error) => {
      script.remove();
      reject(error);
    };
    script.addEventListener("labels", (event) => {
      const image = new Image();
      image.onload = () => {
        const canvas = document.createElement("canvas");
        canvas.width = width;
        canvas.height = height;
        const context = canvas.getContext("2d", { willReadFrequently: true });
        context.drawImage(image, 0, 0);
        const rgba = context.getImageData(0, 0, width, height).data;
        const values = new Uint8Array(width * height);
        for (let i = 0; i < values.length; ++i) values[i] = rgba[4 * i];
        script.remove();
        resolve(values);
      };
      image.onerror = () => end(new Error("a tile of labels can't be decoded: " + url));
      image.src = "data:image/png;base64," + event.detail;
    });
    script.onerror = () => end(new Error("a tile of labels is not there: " + url));
    script.src = url;
    document.head.append(script);
  });
  const paint = (canvas, values) => {
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(canvas.width, canvas.height);
    const target = new Uint32Array(pixels.data.buffer);
    for (let i = 0; i < target.length; ++i) target[i] = colours[values[i]];
    context.putImageData(pixels, 0, 0);
  };

  // ---- Layers: a tile's element has the picture at its share of the tile, as those at the edges are smaller ----
  const Tiles = L.GridLayer.extend({
    createTile(coords, done) {
      const element = L.DomUtil.create("div", "tile");
      const level = levels[coords.z];
      const width = level && Math.min(side, level.width - coords.x * side), height = level && Math.min(side, level.height - coords.y * side);
      if (!level || coords.x < 0 || coords.y < 0 || width <= 0 || height <= 0) {
        setTimeout(() => done(null, element), 0);
        return element;
      }
      const content = this.fill(coords, level, width, height, (error) => done(error, element));
      if (content) {
        content.style.width = (100 * width) / side + "%";
        content.style.height = (100 * height) / side + "%";
        element.append(content);
      }
      return element;
    },
  });
  const Slide = Tiles.extend({
    fill(coords, level, width, height, done) {
      const image = new Image();
      image.alt = "";
      image.draggable = false;
      image.onload = () => done(null);
      image.onerror = () => done(new Error("a tile of the slide is not there"));
      image.src = `${view.tiles}slide/${coords.z}/${coords.x}_${coords.y}.jpg`;
      return image;
    },
  });
  const Labels = Tiles.extend({
    live: new Map(),
    fill(coords, level, width, height, done) {
      if (level.labels[coords.y * Math.ceil(level.width / side) + coords.x] === "0") {
        setTimeout(() => done(null), 0);
        return null;
      }
      const canvas = document.createElement("canvas");
      canvas.width = width;
      canvas.height = height;
      loadLabels(`${view.tiles}labels/${coords.z}/${coords.x}_${coords.y}.js`, width, height).then((values) => {
        this.live.set(`${coords.z}/${coords.x}/${coords.y}`, { canvas, values });
        paint(canvas, values);
        done(null);
      }, done);
      return canvas;
    },
    repaint() {
      for (const { canvas, values } of this.live.values()) paint(canvas, values);
    },
    // The value under a point, finest level first; null where no tile is loaded.
    valueAt(x, y) {
      for (let z = finest; z >= 0; --z) {
        const scale = 2 ** (finest - z), column = Math.floor(x / scale), row = Math.floor(y / scale);
        if (levels[z].labels[Math.floor(row / side) * Math.ceil(levels[z].width / side) + Math.floor(column / side)] === "0") return 0;
        const tile = this.live.get(`${z}/${Math.floor(column / side)}/${Math.floor(row / side)}`);
        if (tile) return tile.values[(row % side) * tile.canvas.width + (column % side)];
      }
      return null;
    },
  });

  // ---- Map: coordinates are pixels of the finest level, x to the right, y down ----
  const unit = 2 ** -finest;
  const crs = L.extend({}, L.CRS.Simple, { transformation: new L.Transformation(unit, 0, unit, 0) });
  const bounds = L.latLngBounds([0, 0], [whole.height, whole.width]);
  const zooms = { minZoom: -2, maxZoom: finest + 2 };  // up to 4 x 4 pixels of the screen for one of the finest tiles: beyond is nothing to see
  const map = L.map("map", { ...zooms, crs, attributionControl: false, zoomSnap: 0.25, zoomDelta: 0.5, wheelPxPerZoomLevel: 120, maxBounds: bounds.pad(0.5), keyboardPanDelta: 120 });
  const options = { ...zooms, tileSize: side, minNativeZoom: 0, maxNativeZoom: finest, bounds, noWrap: true };
  new Slide(options).addTo(map);
  map.createPane("labels").style.zIndex = 300;
  const labels = new Labels({ ...options, pane: "labels" }).addTo(map);
  labels.on("tileunload", ({ coords }) => labels.live.delete(`${coords.z}/${coords.x}/${coords.y}`));

  // ---- Place: the address has the level-0 pixel in the view's middle and the zoom: 0 where a pixel of level 0 is one of the screen, -1 where
  // it is half of one. So a link shows the same place in every report of the slide. The whole slide has no such address.
  const { x: left, y: top, scale, mpp } = view.level0, zoomOfLevel0 = finest + Math.log2(scale);
  let remembering = 0;
  const remember = (place) => {
    clearTimeout(remembering);
    const parameters = wsiList.choice(location.hash);
    for (const [key, value] of Object.entries(place)) parameters.set(key, value);
    history.replaceState(null, "", String(parameters) ? "#" + parameters : location.pathname);
  };
  const fit = () => {
    map.fitBounds(bounds, { animate: false });
    remember({});
  };
  const show = () => {
    const parameters = new URLSearchParams(location.hash.slice(1));
    const [x, y, zoom] = ["x", "y", "zoom"].map((key) => (parameters.get(key) ? Number(parameters.get(key)) : NaN));
    if (![x, y, zoom].every(Number.isFinite)) return fit();
    map.setView([(y - top) / scale, (x - left) / scale], zoom + zoomOfLevel0, { animate: false });
  };
  show();
  map.on("moveend", () => {
    const { lat, lng } = map.getCenter();
    const place = { x: Math.round(left + lng * scale), y: Math.round(top + lat * scale), zoom: Number((map.getZoom() - zoomOfLevel0).toFixed(2)) };
    clearTimeout(remembering);
    remembering = setTimeout(remember, 200, place);  // browsers bound how often an address changes
  });
  window.addEventListener("hashchange", show);
  for (const link of document.querySelectorAll("a.place[href^='#']")) {  // to a place on this page; what was chosen on the index stays
    link.addEventListener("click", (event) => {
      event.preventDefault();
      remember(Object.fromEntries(new URLSearchParams(link.hash.slice(1))));
      show();
      field("map").scrollIntoView({ block: "nearest" });
    });
  }

  // ---- Scale bar and position ----
  const round = (limit) => {
    const power = 10 ** Math.floor(Math.log10(limit));
    return [5, 2, 1].map((factor) => factor * power).find((length) => length <= limit);
  };
  const ScaleBar = L.Control.extend({
    onAdd() {
      this.element = L.DomUtil.create("div", "scale");
      map.on("zoom", this.draw, this);
      this.draw();
      return this.element;
    },
    draw() {
      const pixel = 2 ** (finest - map.getZoom()) * (view.mpp || 1);  // µm, or finest pixels, of one pixel on the screen
      const length = round(140 * pixel);
      const words = view.mpp ? (length >= 1000 ? `${length / 1000} mm` : `${length} µm`) : `${length} px`;
      this.element.textContent = view.mpp ? `${words} · ${Number(pixel.toPrecision(3))} µm/px` : words;
      const bar = document.createElement("i");
      bar.style.width = length / pixel + "px";
      this.element.append(bar);
    },
  });
  new ScaleBar({ position: "bottomleft" }).addTo(map);
  const position = field("position");
  const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1, minimumFractionDigits: 1 });
  map.on("mousemove click", ({ latlng }) => {  // a finger does not hover
    const x = latlng.lng, y = latlng.lat;
    if (x < 0 || y < 0 || x >= whole.width || y >= whole.height) {
      position.textContent = "\u00a0";
      return;
    }
    const level0x = left + x * scale, level0y = top + y * scale;
    const value = labels.valueAt(x, y);
    const lines = [];
    if (mpp) lines.push(`x ${number.format(level0x * mpp)} µm, y ${number.format(level0y * mpp)} µm`);
    lines.push(`level 0: ${Math.floor(level0x)}, ${Math.floor(level0y)} px`);
    if (value !== null) lines.push(name.get(value) ?? "no class");
    position.textContent = lines.join("\n");
  });

  // ---- Panel ----
  const pane = map.getPane("labels"), opacity = field("opacity"), mask = field("mask");
  const apply = () => {
    pane.style.opacity = opacity.value / 100;
    pane.style.display = mask.checked ? "" : "none";
  };
  apply();
  opacity.addEventListener("input", apply);
  mask.addEventListener("input", apply);
  const boxes = [...document.querySelectorAll("#panel input[data-value]")];
  for (const box of boxes) {
    const change = () => {
      if (box.checked) shown.add(Number(box.dataset.value));
      else shown.delete(Number(box.dataset.value));
      recolour();
      labels.repaint();
    };
    box.addEventListener("input", change);
    if (!box.checked) change();  // a browser may keep a form's state over a reload
  }
  field("fit").addEventListener("click", fit);
  field("panel").addEventListener("submit", (event) => event.preventDefault());
  const slide = (by) => {
    opacity.value = Number(opacity.value) + by;
    apply();
  };
  keys.m = () => mask.click();
  keys.f = fit;
  keys["["] = () => slide(-5);
  keys["]"] = () => slide(5);
  boxes.slice(0, 9).forEach((box, i) => (keys[i + 1] = () => box.click()));

  // For what lies over the slide: coordinates are pixels of the finest tiles, `scale` level-0 pixels wide.
  window.wsiViewer = { map, bounds, finest, side, scale };
})();
