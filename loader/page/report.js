"use strict";
// Draws the charts of a report from the numbers in the page, and sorts its tables. Nothing is loaded.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const SIZE = { width: 560, height: 300, left: 62, right: 12, top: 12, bottom: 26 };
  const get = id => document.getElementById(id);

  function make(parent, name, attributes = {}, text = "") {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.textContent = text;
    parent.appendChild(element);
    return element;
  }

  function number(value, digits) {
    const places = digits ?? (Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
    const text = (value + 0 || 0).toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
    return text.replace("-", "\u2212");
  }

  // Round steps of an axis: 1, 2 or 5 times a power of ten, about five of them.
  function ticks(low, high) {
    const rough = (high - low) / 5 || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find(m => m * power >= rough) * power;
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
    return { found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
  }

  function yearTicks(years) {
    const step = [1, 2, 5, 10, 20, 25, 50, 100, 200].find(s => years.length / s <= 8);
    return years.filter(year => year % step === 0 || years.length === 1);
  }

  // Axes of a chart; returns how years and values become places, and where to draw.
  function frame(holder, low, high, unit) {
    holder.replaceChildren();
    const { width, height, left, right, top, bottom } = SIZE;
    const svg = make(holder, "svg", { viewBox: `0 0 ${width} ${height}` });
    const years = data.years, each = (width - left - right) / years.length;
    const x = year => left + (year - years[0] + 0.5) * each;
    const y = value => top + (high - value) / (high - low || 1) * (height - top - bottom);
    const { found, digits } = ticks(low, high);
    for (const value of found) {
      make(svg, "line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) });
      make(svg, "text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value, digits));
    }
    for (const year of yearTicks(years)) {
      make(svg, "text", { x: x(year), y: height - 8, "text-anchor": "middle" }, String(year));
    }
    make(svg, "text", { x: 14, y: (top + height - bottom) / 2, "text-anchor": "middle",
      transform: `rotate(-90 14 ${(top + height - bottom) / 2})` }, unit);
    return { svg, x, y, each };
  }

  // Under the pointer, or by arrow keys, a year is read out below the chart.
  function readable(holder, plot, note, words, rest) {
    const { width, left, right, top, height, bottom } = SIZE;
    const line = make(plot.svg, "line", { class: "cursor", y1: top, y2: height - bottom, visibility: "hidden" });
    let chosen = data.years.length - 1;
    const show = index => {
      chosen = Math.max(0, Math.min(data.years.length - 1, index));
      const at = plot.x(data.years[chosen]);
      line.setAttribute("x1", at);
      line.setAttribute("x2", at);
      line.setAttribute("visibility", "visible");
      note.textContent = words(chosen);
    };
    const hide = () => { line.setAttribute("visibility", "hidden"); note.textContent = rest; };
    hide();
    holder.onpointermove = event => {
      const box = plot.svg.getBoundingClientRect();
      const at = (event.clientX - box.left) / box.width * width;
      show(Math.floor((at - left) / ((width - left - right) / data.years.length)));
    };
    holder.onpointerleave = hide;
    holder.onblur = hide;
    holder.onkeydown = event => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      show(chosen + (Number.isFinite(step) ? step : Math.sign(step) * data.years.length));
    };
  }

  function drawEmissions(place, isWorld, isCo2) {
    const holder = get("emissions"), note = get("emissions-note");
    if (!place.emissions) {
      holder.textContent = "No emissions are loaded.";
      return;
    }
    const factor = isCo2 ? data.co2 : 1;
    const unit = `${isWorld ? data.unit : "Mt"} ${isCo2 ? "CO\u2082" : "C"} yr\u207b\u00b9`;
    const values = place.emissions.map(v => v === null ? null : v * factor);
    const spread = isWorld && data.uncertainty ? data.uncertainty * factor : 0;
    const published = isWorld ? data.published.map(([a, b, v]) => [a, b, v * factor]) : [];
    const known = [...values.filter(v => v !== null), ...published.map(p => p[2])];
    const low = Math.min(0, ...known.map(v => v - spread)), high = Math.max(0, ...known.map(v => v + spread));
    const plot = frame(holder, low, high || 1, unit);
    data.years.forEach((year, i) => {
      const value = values[i];
      if (value === null) return;
      const width = plot.each * (data.years.length > 60 ? 1 : 0.8), left = plot.x(year) - width / 2;
      make(plot.svg, "rect", { class: value >= 0 ? "source" : "sink", x: left, width,
        y: Math.min(plot.y(0), plot.y(value)), height: Math.abs(plot.y(value) - plot.y(0)) });
      if (spread && data.years.length <= 60) {
        make(plot.svg, "line", { class: "spread", x1: plot.x(year), x2: plot.x(year),
          y1: plot.y(value - spread), y2: plot.y(value + spread) });
      }
    });
    make(plot.svg, "line", { class: "zero", x1: SIZE.left, x2: SIZE.width - SIZE.right, y1: plot.y(0), y2: plot.y(0) });
    const first = data.years[0], last = data.years[data.years.length - 1];
    for (const [from, to, value] of published) {
      if (from === to) {
        make(plot.svg, "circle", { class: "published", cx: plot.x(from), cy: plot.y(value), r: 4 });
      } else {
        make(plot.svg, "line", { class: "published", y1: plot.y(value), y2: plot.y(value),
          x1: plot.x(Math.max(from, first)) - plot.each / 2, x2: plot.x(Math.min(to, last)) + plot.each / 2 });
      }
    }
    const parts = [`${data.emissions}, ${place.name}.`];
    if (spread) parts.push(`${data.years.length <= 60 ? "Whiskers" : "Uncertainty"}: \u00b1${number(spread, 1)}.`);
    if (published.length) parts.push("Circles and lines: published years and decades.");
    readable(holder, plot, note, i => {
      const value = values[i];
      const year = data.years[i];
      const beside = published.filter(p => p[0] <= year && year <= p[1])
        .map(p => `published ${p[0] === p[1] ? p[0] : `${p[0]}\u2013${p[1]}`}: ${number(p[2])}`);
      const now = value === null ? "no data" : `${number(value)}${spread ? ` \u00b1 ${number(spread, 1)}` : ""} ${unit}`;
      return [`${year}: ${now}`, ...beside].join("; ");
    }, parts.join(" "));
  }

  function line(plot, values, colour) {
    let path = "", pen = "M";
    data.years.forEach((year, i) => {
      if (values[i] === null) { pen = "M"; return; }
      path += `${pen}${plot.x(year)} ${plot.y(values[i])}`;
      pen = "L";
    });
    make(plot.svg, "path", { d: path, fill: "none", stroke: colour, "stroke-width": 2.2 });
  }

  function drawUses(place, isWorld) {
    const holder = get("uses"), note = get("uses-note"), legend = get("legend");
    const kinds = isWorld
      ? data.uses
      : [{ name: "forest", colour: "#1b8a4b", area: place.forest }, { name: "cropland", colour: "#e69f00", area: place.crop }];
    legend.replaceChildren();
    if (!kinds.length || !kinds.some(kind => kind.area && kind.area.some(v => v !== null))) {
      holder.textContent = "No land use is loaded.";
      return;
    }
    for (const kind of [...kinds].reverse()) {
      const item = document.createElement("li"), box = document.createElement("span");
      box.style.background = kind.colour;
      item.append(box, kind.name);
      legend.append(item);
    }
    const sums = data.years.map((_, i) => kinds.map(k => k.area[i])).map(v => v.includes(null) ? null : v);
    const high = isWorld
      ? Math.max(...sums.filter(Boolean).map(v => v.reduce((a, b) => a + b, 0)))
      : Math.max(...kinds.flatMap(k => k.area.filter(v => v !== null)));
    const plot = frame(holder, 0, high || 1, "million hectares");
    if (isWorld) {
      data.years.forEach((year, i) => {
        let below = 0;
        (sums[i] ?? []).forEach((area, k) => {
          make(plot.svg, "rect", { fill: kinds[k].colour, x: plot.x(year) - plot.each / 2, width: plot.each + 0.4,
            y: plot.y(below + area), height: plot.y(below) - plot.y(below + area) });
          below += area;
        });
      });
    } else {
      for (const kind of kinds) line(plot, kind.area, kind.colour);
    }
    readable(holder, plot, note, i => {
      const parts = kinds.filter(k => k.area[i] !== null).map(k => `${k.name} ${number(k.area[i], k.area[i] >= 100 ? 0 : 1)}`);
      return `1 January ${data.years[i]}: ${parts.join(", ") || "no data"}`;
    }, `${isWorld ? "Land use" : "Forest and cropland"}, ${place.name}, million hectares.`);
  }

  function draw() {
    // As wide as on the page, so that the text keeps its size.
    SIZE.width = Math.max(280, Math.min(640, Math.floor(get("emissions").clientWidth)));
    const index = Number(get("place")?.value ?? 0);
    const place = data.places[index];
    drawEmissions(place, index === 0, get("unit").value === "co2");
    drawUses(place, index === 0);
  }

  if (data.places.length) {
    const select = get("place");
    if (select) {
      data.places.forEach((place, i) => select.append(new Option(place.name, i)));
      select.onchange = draw;
    }
    get("unit").onchange = draw;
    get("controls").hidden = false;
    draw();
    let width = innerWidth;
    addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; draw(); } });
  }

  // Tables sort by a click on a head: numbers as numbers, largest first; texts by the alphabet.
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.onclick = () => {
        const key = row => row.cells[column].textContent.replaceAll(",", "").replace("\u2212", "-").trim();
        const isNumber = [...body.rows].every(row => key(row) === "" || !Number.isNaN(Number(key(row))));
        const wanted = head.getAttribute("aria-sort") === (isNumber ? "descending" : "ascending")
          ? (isNumber ? "ascending" : "descending") : (isNumber ? "descending" : "ascending");
        const sign = wanted === "ascending" ? 1 : -1;
        const sorted = [...body.rows].sort((a, b) => {
          const [p, q] = [key(a), key(b)];
          if (p === "" || q === "") return (p === "") - (q === "");
          return sign * (isNumber ? Number(p) - Number(q) : p.localeCompare(q, "en"));
        });
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", wanted);
        body.append(...sorted);
      };
    });
  }
})();
