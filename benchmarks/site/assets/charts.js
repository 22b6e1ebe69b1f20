// Curves by uPlot, each with its numbers as a table.

const HEIGHT = 260;
const COLOURS = 6;
const DASHES = [[], [8, 4], [2, 4], [10, 3, 2, 3], [1, 3], [12, 6]];
const STEPS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].flatMap((power) => [power, 2 * power, 5 * power]);

/** A chart as `compworld site` describes it: lines over places, some with their range. */
function chartOf(chart) {
  const place = element("div", { role: "img", "aria-label": `${chart.title}: ${chart.y} by ${chart.x}, as in the table of numbers below` });
  let plot = null;
  const draw = () => {
    plot?.destroy();
    plot = place.clientWidth ? new uPlot(optionsOf(chart, place.clientWidth), columnsOf(chart), place) : null;
  };
  new ResizeObserver(() => (plot ? plot.setSize({ width: place.clientWidth, height: HEIGHT }) : draw())).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  const numbers = element("details", {}, element("summary", {}, "Numbers"), numbersOf(chart));
  return element("figure", { class: "chart" }, element("figcaption", {}, chart.title), place, numbers);
}

/** uPlot's data: the places, then of each line the lowest, the highest and the mean. */
function columnsOf(chart) {
  return [chart.at, ...chart.lines.flatMap((line) => (line.low ? [line.low, line.high, line.mean] : [line.mean]))];
}

function optionsOf(chart, width) {
  const style = getComputedStyle(document.body);
  const ink = colourOf("--quiet");
  const axis = { stroke: ink, grid: { stroke: colourOf("--rule"), width: 1 }, ticks: { stroke: colourOf("--rule") } };
  const series = [{ label: chart.x }];
  const bands = [];
  chart.lines.forEach((line, number) => {
    const stroke = colourOf(`--line-${number % COLOURS}`);
    if (line.low) {
      bands.push({ series: [series.length + 1, series.length], fill: transparent(stroke) });
      series.push(...["lowest", "highest"].map((label) => ({ label, class: "bound", points: { show: false } })));
    }
    const value = (_, found) => (found === null ? "" : found.toFixed(3));
    series.push({ label: line.name, stroke, value, width: line.low ? 2 : 1.5, dash: DASHES[number % DASHES.length], points: { show: Boolean(line.low) } });
  });
  const room = (_, low, high) => [low - ((high - low) * 0.03 || 0.5), high + ((high - low) * 0.03 || 0.5)];
  const font = `12px ${style.fontFamily}`;
  return {
    width,
    height: HEIGHT,
    series,
    bands,
    legend: { markers: { dash: (_, number) => (series[number].points.show ? "solid" : "dashed") } },
    cursor: { drag: { x: false, y: false } },
    scales: { x: { time: false, range: room } },
    axes: [
      { ...axis, label: chart.x, incrs: STEPS, font, labelFont: font },
      { ...axis, label: chart.y, font, labelFont: font },
    ],
  };
}

/** A colour of the style sheet, as canvases read it. */
function colourOf(name) {
  const probe = document.body.appendChild(element("span"));
  probe.style.color = `var(${name})`;
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function transparent(colour) {
  return colour.replace("rgb(", "rgba(").replace(")", ", 0.18)");
}

function numbersOf(chart) {
  const headings = [chart.x, ...chart.lines.map((line) => line.name)];
  const rows = chart.at.map((at, place) => [
    at.toLocaleString("en"),
    ...chart.lines.map((line) => {
      const range = line.low ? ` (${numberText(line.low[place])} to ${numberText(line.high[place])})` : "";
      return numberText(line.mean[place]) + range;
    }),
  ]);
  return dataTable(`${chart.y}: mean over seeds, and lowest to highest`, headings, rows);
}
