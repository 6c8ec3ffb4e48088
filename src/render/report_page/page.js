// Shows the figures of a choice. Every text comes from the grids that the program wrote: none is computed or rounded
// here. Numbers are read from those texts for one purpose, the places of points and bars on the screen.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const axes = ["weights", "kv", "place", "batch", "context"];
  const controls = Object.fromEntries(axes.map((axis) => [axis, document.getElementById(axis)]));
  const choice = {};

  // [first, -2] stands for first, first + 1, first + 2.
  const unpack = (numbers) => {
    const all = [];
    for (const number of numbers) {
      if (number >= 0) all.push(number);
      else for (let i = 0; i < -number; ++i) all.push(all[all.length - 1] + 1);
    }
    return all;
  };
  const grids = data.grids.map((figures) => figures.map(([strides, entries]) => ({strides, entries: unpack(entries)})));

  // What the program prints, and all its digits.
  const lookUp = (series, figure, context = choice.context) => {
    const grid = grids[series][figure];
    const at = {...choice, context};
    const index = axes.reduce((sum, axis, i) => sum + at[axis] * grid.strides[i], 0);
    const [shown, exact] = data.texts[grid.entries[index]].split("\t");
    return {shown, exact: exact ?? shown};
  };
  // The nearest double, for drawing alone. Not a number, or 0, which a logarithmic axis has no place for: null.
  const drawn = (digits) => {
    const number = Number(digits.replaceAll(",", ""));
    return digits !== "" && number > 0 ? number : null;
  };

  const color = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const dashes = [[], [9, 5], [2, 4]];
  const tokens = data.tokens.map(Number);

  class Chart {
    constructor(chart) {
      this.chart = chart;
      this.figure = document.getElementById("chart-" + chart.name);
      this.plot = this.figure.querySelector(".plot");
      this.at = document.createElement("p");
      this.at.className = "at";
      this.plot.after(this.at);
      this.legend = document.createElement("ul");
      this.legend.className = "legend";
      this.at.after(this.legend);
      this.shown = chart.lines.map((line) => line.shown);
      this.values = chart.lines.map((line, i) => this.addButton(line, i));
      for (const level of chart.levels) this.addLevel(level);
      this.plot.textContent = "";
      this.plot.tabIndex = 0;
      this.plot.setAttribute("role", "group");
      this.plot.setAttribute("aria-label", chart.title + " against the context. Arrow keys read values.");
      this.plot.addEventListener("keydown", (event) => this.onKey(event));
    }

    addButton(line, index) {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", String(line.shown));
      const value = document.createElement("span");
      value.className = "value";
      button.append(this.sample(`var(--c${line.s % 8})`, line.dash), line.name, value);
      button.addEventListener("click", () => {
        this.shown[index] = !this.shown[index];
        button.setAttribute("aria-pressed", String(this.shown[index]));
        this.draw();
      });
      item.append(button);
      this.legend.append(item);
      return value;
    }

    addLevel(level) {
      const item = document.createElement("li");
      item.className = "at";
      item.title = level.exact;
      item.append(this.sample("var(--bad)", 1), ` ${level.name}: ${level.text}`);
      this.legend.append(item);
    }

    sample(stroke, dash) {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("width", "30");
      svg.setAttribute("height", "10");
      svg.setAttribute("aria-hidden", "true");
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", "M0 5h30");
      path.setAttribute("stroke-width", "3");
      path.setAttribute("stroke-dasharray", dashes[dash].join(" "));
      path.style.stroke = stroke;
      svg.append(path);
      return svg;
    }

    draw() {
      const {chart} = this;
      const lines = chart.lines.map((line) => tokens.map((_, c) => drawn(lookUp(line.s, line.f, c).exact)));
      const levels = chart.levels.map((level) => tokens.map(() => drawn(level.exact)));
      const ink = color("--ink");
      const grid = {stroke: color("--line"), width: 1};
      const font = '12px system-ui, "DejaVu Sans", sans-serif';
      // Ticks come in threes: 1, 2, 5 and 10, 20, 50.
      const ticksOf = (u) => {
        const {min, max} = u.scales.y;
        const within = chart.ticks.filter(([at]) => at >= min && at <= max).length;
        let step = 1;
        while (within / step > 8) step = step === 1 ? 3 : step + 3;
        return chart.ticks.filter(([at], i) => i % step === 0 && at >= min && at <= max);
      };
      const width = Math.max(240, this.plot.clientWidth);
      const first = tokens[0];
      const last = tokens[tokens.length - 1];
      const across = first < last ? [first, last] : [first / 2, last * 2];
      const labels = Math.max(...chart.ticks.map(([, label]) => label.length));
      const options = {
        width,
        height: Math.round(Math.min(360, Math.max(260, width * 0.6))),
        legend: {show: false},
        cursor: {drag: {x: false, y: false}, sync: {key: "contexts", setSeries: false}, points: {size: 8}},
        scales: {
          x: {time: false, distr: 3, log: 2, range: () => across},
          y: {
            distr: 3,
            range: (_, least, most) => {
              const below = chart.ticks.filter(([at]) => at <= least);
              const above = chart.ticks.filter(([at]) => at >= most);
              const low = below.length > 0 ? below[below.length - 1][0] : chart.ticks[0][0];
              const high = above.length > 0 ? above[0][0] : chart.ticks[chart.ticks.length - 1][0];
              return low < high ? [low, high] : [chart.ticks[0][0], chart.ticks[chart.ticks.length - 1][0]];
            },
          },
        },
        axes: [
          {
            stroke: ink, grid: {show: false}, ticks: grid, font, size: 34,
            splits: (u) => {
              let end = -Infinity;
              return tokens.filter((at, i) => {
                const half = 4.2 * data.contexts[i].length;
                const left = u.valToPos(at, "x");
                if (left - half < end + 4) return false;
                end = left + half;
                return true;
              });
            },
            filter: (_, splits) => splits,
            values: (_, splits) => splits.map((at) => data.contexts[tokens.indexOf(at)]),
          },
          {
            stroke: ink, grid, ticks: grid, font, size: 18 + 7.5 * labels,
            splits: (u) => ticksOf(u).map(([at]) => at),
            filter: (_, splits) => splits,
            values: (u) => ticksOf(u).map(([, label]) => label),
          },
        ],
        series: [
          {},
          ...chart.lines.map((line, i) => ({
            label: line.name, show: this.shown[i], stroke: color(`--c${line.s % 8}`),
            // Earlier lines are wider, so that they show beneath later ones.
            width: 2.5 + Math.min(3, data.series.length - 1 - line.s),
            dash: dashes[line.dash], points: {size: 5},
          })),
          ...chart.levels.map((level) => ({
            label: level.name, stroke: color("--bad"), width: 1.5, dash: [4, 3], points: {show: false},
          })),
        ],
        hooks: {setCursor: [(u) => this.showValues(u.cursor.idx)]},
      };
      this.u?.destroy();
      this.u = new uPlot(options, [tokens, ...lines, ...levels], this.plot);
      this.showValues(null);
    }

    // Of the context under the cursor, else of the one that is chosen.
    showValues(index) {
      const context = index ?? choice.context;
      this.context = context;
      this.at.textContent = `At ${data.contexts[context]} tokens:`;
      this.chart.lines.forEach((line, i) => {
        const {shown, exact} = lookUp(line.s, line.f, context);
        this.values[i].textContent = shown;
        this.values[i].title = exact;
      });
    }

    onKey(event) {
      const last = tokens.length - 1;
      const steps = {ArrowRight: 1, ArrowLeft: -1, Home: -last, End: last};
      if (!(event.key in steps)) return;
      event.preventDefault();
      const context = Math.min(last, Math.max(0, this.context + steps[event.key]));
      this.u.setCursor({left: this.u.valToPos(tokens[context], "x"), top: 0});
      this.showValues(context);
      const values = this.chart.lines.filter((_, i) => this.shown[i]).map((line) =>
        `${line.name} ${lookUp(line.s, line.f, context).shown}`);
      say(`${data.contexts[context]} tokens: ${values.join("; ")}`);
    }
  }

  const say = (text) => {
    document.getElementById("status").textContent = text;
  };

  const showFigures = () => {
    for (const element of document.querySelectorAll("[data-s][data-f]")) {
      const {s, f, c} = element.dataset;
      const {shown, exact} = lookUp(s, f, c === undefined ? choice.context : Number(c));
      if ("exact" in element.dataset) {
        element.textContent = exact === shown ? "" : exact;
        continue;
      }
      element.textContent = shown;
      if (exact !== shown) element.title = exact;
      else element.removeAttribute("title");
    }
    for (const verdict of document.querySelectorAll("[data-verdict]")) {
      verdict.dataset.verdict = verdict.querySelector("strong").textContent;
    }
    for (const row of document.querySelectorAll("[data-row]")) {
      row.classList.toggle("now", Number(row.dataset.row) === choice.context);
    }
  };

  // The parts beside each other, up to the capacity or, where they take more, with a mark at it.
  const showBars = () => {
    for (const bar of document.querySelectorAll(".bar")) {
      const parts = [...bar.querySelectorAll("i")];
      const sizes = parts.map((part) => drawn(lookUp(bar.dataset.s, part.dataset.f).exact) ?? 0);
      const whole = sizes.reduce((sum, size) => sum + size, 0);
      const capacity = drawn(data.capacities[choice.place]);
      bar.hidden = whole === 0;
      // A choice may have fewer kinds of devices than another: "–" names none.
      const name = bar.previousElementSibling;
      if (name?.className === "device") {
        const none = name.textContent === "–";
        for (const part of [name, bar, bar.nextElementSibling]) part.hidden = none || (part === bar && whole === 0);
      }
      parts.forEach((part, i) => { part.style.width = `${100 * sizes[i] / whole}%`; });
      const mark = bar.querySelector("b");
      mark.hidden = capacity === null || capacity >= whole * 0.9999;
      mark.style.left = `${100 * (capacity ?? 0) / whole}%`;
    }
  };

  const charts = data.charts.map((chart) => new Chart(chart));
  const draw = () => charts.forEach((chart) => chart.draw());

  const show = () => {
    for (const axis of axes) choice[axis] = controls[axis] ? Number(controls[axis].value) : 0;
    showFigures();
    showBars();
    draw();
    const word = (axis) => controls[axis].selectedOptions[0].textContent;
    const text = `context ${word("context")}, batch ${word("batch")}, KV cache ${word("kv")}, weights ` +
      word("weights") + (controls.place ? `, devices ${word("place")}` : "");
    document.getElementById("choice").textContent = text;
    const verdicts = [...document.querySelectorAll(".verdict")].map((verdict, i) =>
      `${data.series[i]}: ${verdict.textContent.trim()}`);
    say([text, ...verdicts].join("; "));
  };

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = document.getElementById("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    nameTheme();
    draw();
  });
  dark.addEventListener("change", () => { nameTheme(); draw(); });
  theme.hidden = false;
  nameTheme();

  const form = document.getElementById("controls");
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", show);
  // What a browser kept of an earlier visit is not what the page was written with.
  form.reset();
  show();
  say("");

  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    draw();
  });
  // Paper is light, and has nothing to open.
  let before = {};
  addEventListener("beforeprint", () => {
    before = {theme: root.dataset.theme, closed: [...document.querySelectorAll("details:not([open])")]};
    root.dataset.theme = "light";
    for (const details of before.closed) details.open = true;
    draw();
  });
  addEventListener("afterprint", () => {
    if (before.theme === undefined) delete root.dataset.theme;
    else root.dataset.theme = before.theme;
    for (const details of before.closed ?? []) details.open = false;
    draw();
  });
})();
