// What a row opens.

/** Everything that is known of a row, for its method's name. */
function detailsOf(name, found) {
  const inner = element("div", { class: "inner" });
  const add = (title, ...parts) => inner.append(element("h3", {}, title), ...parts);
  add("Make it again", commandOf(found));
  if (found.problems.length) add("Problems", element("ul", {}, ...found.problems.map((line) => element("li", {}, line))));
  const side = element("div", { class: "side" });
  if (found.charts.length) add("Curves", side);
  side.append(...found.charts.map(chartOf));
  if (found.failures) add("Where it fails", mapOf(found.failures));
  if (found.film) add("Film", filmOf(name, found.film));
  add("All scores", dataTable("value with its 95 % interval", ["score", ...found.scores.sets], found.scores.rows));
  if (found.comparisons.length) {
    const words = ["difference", "score", "worlds", "value with an interval over all comparisons of the table", "verdict"];
    add("Compared", dataTable("paired by world", words, found.comparisons));
  }
  const headings = ["seed", "world", "run", "SHA-256 of the split", "SHA-256 of what was learned", "minutes"];
  add("Runs", dataTable("each in a world of its own", headings, found.runs));
  if (found.config.length) add("Configuration", dataTable("but for seed and world", ["field", "value"], found.config));
  return inner;
}

function commandOf(found) {
  if (found.command) return element("pre", { tabindex: "0", "aria-label": "command" }, element("code", {}, found.command));
  return element("p", {}, found.no_command);
}

function filmOf(name, film) {
  const label = `The expert beside methods of this table on held-out combinations, ${name} among them`;
  const part = film.endsWith(".gif")
    ? element("img", { src: film, alt: label, loading: "lazy" })
    : element("video", { src: film, controls: "", loop: "", muted: "", preload: "metadata", "aria-label": label });
  return element("div", { class: "film" }, part);
}

/** Scores by module and world, coloured from 0 to 1. */
function mapOf(found) {
  const caption = "score over the tasks that have a module, by world; empty: no such task";
  const sets = found.sets.map((text) => element("th", { scope: "colgroup", colspan: found.worlds.length }, text));
  const worlds = found.sets.flatMap(() => found.worlds.map((world) => element("th", { scope: "col" }, `world ${world}`)));
  const cells = (cell) => (cell ? element("td", { style: `--share:${cell[1]}` }, numberText(cell[0])) : element("td"));
  const body = found.modules.map((module, number) =>
    element("tr", {}, element("th", { scope: "row" }, module), ...found.rows[number].flat().map(cells)),
  );
  const head = element(
    "thead", {},
    element("tr", {}, element("th", { scope: "col", rowspan: "2" }, "module"), ...sets),
    element("tr", {}, ...worlds),
  );
  return scrolling(caption, element("table", { class: "map" }, element("caption", {}, caption), head, element("tbody", {}, ...body)));
}
