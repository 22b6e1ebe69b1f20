// Choosing, sorting and opening. Nothing is computed here: values, intervals and ranks were written into the page.

const DETAILS = JSON.parse(document.getElementById("details").textContent);
const form = document.getElementById("choices");
const listings = [...document.querySelectorAll(".listing")];
let state;

/** The page as the address says; what it says wrongly is left out. */
function start() {
  state = readAddress();
  state.open = state.open.filter((row) => Object.hasOwn(DETAILS, row));
  if (!state.benchmark && state.open.length) state.benchmark = boardOf(state.open[0]);
  for (const name of CHOICES) {
    const select = form.elements[name];
    select.value = state[name];
    if (select.selectedIndex < 0) select.selectedIndex = 0;
    state[name] = select.value;
  }
  show();
}

/** The benchmark that a row stands in. */
function boardOf(name) {
  const row = [...document.querySelectorAll("tbody[data-row]")].find((found) => found.dataset.row === name);
  return row.closest(".listing").dataset.board;
}

/** Everything as the state says. */
function show() {
  listings.forEach(choose);
  for (const board of document.querySelectorAll(".board")) board.hidden = board.dataset.board !== state.benchmark;
  for (const row of document.querySelectorAll("tbody[data-row]")) open(row, state.open.includes(row.dataset.row));
  const number = listings.filter((listing) => !listing.hidden).length;
  document.getElementById("said").textContent = number === 1 ? "1 table" : `${number} tables`;
  writeAddress(state);
}

/** Show or hide a table, its columns for the score, and sort it. */
function choose(listing) {
  const { board, track, family, support, headline, scores } = listing.dataset;
  const fits = (name, value) => !state[name] || state[name] === value;
  const score = state.score || headline;
  const there = scores.split(" ").includes(score);
  listing.hidden = !(board === state.benchmark && fits("track", track) && fits("family", family) && fits("support", support) && there);
  for (const cell of listing.querySelectorAll("[data-score]")) cell.hidden = cell.dataset.score !== score;
  sort(listing.querySelector("table"));
}

function sort(table) {
  const [key, order] = state.sort.split(":");
  const buttons = [...table.querySelectorAll("thead button")];
  const chosen = buttons.find((button) => button.dataset.sort === key) ?? buttons[0];
  const descending = chosen.dataset.sort === key && order === "descending";
  for (const button of buttons) button.parentElement.removeAttribute("aria-sort");
  chosen.parentElement.setAttribute("aria-sort", descending ? "descending" : "ascending");
  table.classList.toggle("by-rank", chosen.dataset.sort === "rank" && !descending);
  const rows = [...table.tBodies].map((body, place) => ({ body, place: Number((body.dataset.place ??= place)), value: valueOf(body, chosen.dataset.sort) }));
  rows.sort((one, other) => compare(one.value, other.value, descending) || one.place - other.place);
  const moved = rows.some(({ body }, place) => body !== table.tBodies[place]);
  if (moved) table.append(...rows.map(({ body }) => body)); // what is moved loses the keyboard's focus
}

function valueOf(body, key) {
  const cell = [...body.rows[0].cells].find((found) => found.dataset.sort === key);
  const text = cell?.dataset.value;
  return key === "method" || text === undefined ? text : Number(text);
}

/** Rows without a value come last, whichever way. */
function compare(one, other, descending) {
  if (one === undefined || other === undefined) return (one === undefined) - (other === undefined);
  const order = typeof one === "string" ? one.localeCompare(other, "en") : one - other;
  return descending ? -order : order;
}

/** Open or close a row; it is made when it is opened first. */
function open(body, wanted) {
  const button = body.querySelector(".open");
  if (wanted && body.rows.length === 1) {
    const cell = element("td", { colspan: body.rows[0].cells.length }, detailsOf(button.textContent, DETAILS[body.dataset.row]));
    body.append(element("tr", { class: "opened" }, cell));
  }
  if (body.rows.length > 1) body.rows[1].hidden = !wanted;
  button.setAttribute("aria-expanded", String(wanted));
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  const row = target.closest("tbody[data-row]");
  if (button?.matches(".open")) {
    const key = row.dataset.row;
    state.open = state.open.includes(key) ? state.open.filter((other) => other !== key) : [...state.open, key];
  } else if (button?.matches("thead button")) {
    const now = button.parentElement.getAttribute("aria-sort");
    const order = now ? { ascending: "descending", descending: "ascending" }[now] : startsWith(button.dataset.sort);
    state.sort = `${button.dataset.sort}:${order}`;
  } else return;
  show();
});

/** Scores from the best, everything else from the first or the least. */
function startsWith(key) {
  return key.includes("/") ? "descending" : "ascending";
}

form.addEventListener("change", () => {
  for (const name of CHOICES) state[name] = form.elements[name].value;
  show();
});
form.addEventListener("reset", () => {
  history.replaceState(null, "", "#");
  queueMicrotask(start);
});
form.addEventListener("submit", (event) => event.preventDefault());
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address is not for places
  document.getElementById("tables").focus();
});
addEventListener("hashchange", start);
start();
