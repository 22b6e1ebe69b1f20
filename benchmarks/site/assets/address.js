"use strict";
// What is chosen, sorted and opened stands in the address behind "#", so that it can be shared.

const CHOICES = ["benchmark", "track", "family", "support", "score"];

/** What the address says, with empty text for what it does not. */
function readAddress() {
  const found = new URLSearchParams(location.hash.slice(1));
  const state = { sort: found.get("sort") ?? "", open: (found.get("open") ?? "").split(" ").filter(Boolean) };
  for (const name of CHOICES) state[name] = found.get(name) ?? "";
  return state;
}

/** Put into the address what differs from the page as it opens. */
function writeAddress(state) {
  const written = new URLSearchParams();
  for (const name of [...CHOICES, "sort"]) if (state[name]) written.set(name, state[name]);
  if (state.open.length) written.set("open", state.open.join(" "));
  history.replaceState(null, "", `#${written}`);
}
