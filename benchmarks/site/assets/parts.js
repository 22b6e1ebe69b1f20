// Parts of the page, made of text alone: what stands in files is never read as HTML.

/** An element with attributes and children; texts are children too. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A table whose rows are named by their first cell; it scrolls by itself where it is wide. */
function dataTable(caption, headings, rows) {
  const head = element("tr", {}, ...headings.map((text) => element("th", { scope: "col" }, text)));
  const body = rows.map(([first, ...others]) =>
    element("tr", {}, element("th", { scope: "row" }, first), ...others.map((text) => element("td", {}, text))),
  );
  const table = element("table", {}, element("caption", {}, caption), element("thead", {}, head), element("tbody", {}, ...body));
  return scrolling(caption, table);
}

/** A part that can be wider than the page, and is reached by the keyboard. */
function scrolling(label, part) {
  return element("div", { class: "part", role: "group", "aria-label": label, tabindex: "0" }, part);
}

/** A number as it is read; nothing where there is none. */
function numberText(value) {
  return value === null || value === undefined ? "" : value.toFixed(2);
}
