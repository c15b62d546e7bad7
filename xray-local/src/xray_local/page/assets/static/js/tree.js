// The rows of a trace as a tree with one tab stop: keys move, fold, open and find; every state is an address.

import { copies, copy } from "./copy.js";
import { onDrag } from "./drag.js";
import { address, closeRow, openRow, view } from "./pane.js";

let current = null;

const rows = () => [...document.querySelectorAll("[role=treeitem]")];
const key = (row) => row.id.slice(2);
const level = (row) => Number(row.ariaLevel);
const chip = (name) => [...document.querySelectorAll(".tools .chip")].find((link) => link.textContent.startsWith(name));

const stop = (row) => {
  if (current) current.tabIndex = -1;
  current = row;
  if (row) row.tabIndex = 0;
};

const focus = (row) => {
  if (!row) return;
  stop(row);
  row.focus();
  row.scrollIntoView({ block: "nearest" });
};

const start = () => {
  const all = rows();
  for (const row of all) {
    row.tabIndex = -1;
    for (const inner of row.querySelectorAll("a, button")) inner.tabIndex = -1;
    row.querySelector(".fold")?.setAttribute("aria-hidden", "true"); // the row says whether it is expanded
  }
  const known = current && document.getElementById(current.id);
  stop(known ?? all.find((row) => row.ariaSelected) ?? all[0] ?? null);
  return known;
};

const fold = async (row) => {
  const folded = new Set((address({}).searchParams.get("fold") ?? "").split(",").filter(Boolean));
  if (!folded.delete(key(row))) folded.add(key(row));
  stop(row);
  await view(address({ fold: [...folded].join(","), row: "" }));
};

const move = (step, matches = () => true) => {
  const all = rows();
  const at = all.indexOf(current);
  for (let next = at + step; next >= 0 && next < all.length; next += step) if (matches(all[next])) return focus(all[next]);
};

const parent = () => move(-1, (row) => level(row) < level(current));
const failed = (row) => row.matches(".fault, .error, .throttle");
const found = (row) => row.matches(".hit");

const zoomTo = async (row) => {
  await openRow(key(row));
  const link = document.querySelector("[data-zoom-row]");
  if (link) await view(link.href);
};

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  h: () => (current.ariaExpanded === "true" ? fold(current) : parent()),
  l: () => (current.ariaExpanded === "false" ? fold(current) : move(1)),
  Home: () => focus(rows()[0]),
  End: () => focus(rows().at(-1)),
  Enter: () => openRow(key(current)),
  Escape: closeRow,
  e: () => move(1, failed),
  c: () => view(chip("critical").href),
  "/": () => document.getElementById("find-row").focus(),
  n: () => move(1, found),
  N: () => move(-1, found),
  z: () => zoomTo(current),
  y: () => navigator.clipboard?.writeText(address({ row: key(current) }).href),
};
Object.assign(KEYS, { ArrowDown: KEYS.j, ArrowUp: KEYS.k, ArrowLeft: KEYS.h, ArrowRight: KEYS.l });

const inTree = (event) => event.target.closest("[role=tree]") || event.target === document.body;

addEventListener("keydown", (event) => {
  const { target } = event;
  const action = KEYS[event.key];
  if (!action || !current || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest("input, select, textarea, summary, dialog[open], .pane pre")) return;
  if (event.key.length > 1 && event.key !== "Escape" && !inTree(event)) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}, { capture: true });

addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const row = event.target.closest("[role=treeitem]");
  const link = event.target.closest("a, button");
  let action = null;
  if (copies(link)) action = () => copy(link);
  else if (link?.matches(".fold")) action = () => fold(row);
  else if (row && link) action = () => { stop(row); return openRow(key(row)); };
  else if (document.getElementById(`s-${link?.dataset.row}`)) action = () => openRow(link.dataset.row);
  else if (link?.matches("[data-close]")) action = closeRow;
  else if (link?.matches("[data-view]")) action = () => view(link.getAttribute("href"));
  if (!action) return;
  event.preventDefault();
  action();
});

addEventListener("submit", (event) => {
  if (!event.target.matches("[data-tree]") || event.submitter?.name) return;
  event.preventDefault();
  const find = new FormData(event.target).get("find");
  view(address({ find, offset: "", row: "" })).then(() => focus(rows().find(found)));
});

addEventListener("rows", () => { if (start()) focus(current); });
addEventListener("grown", start);

onDrag("[data-mini]", (svg, ...shares) => {
  const milliseconds = svg.dataset.seconds * 1000;
  view(address({ zoom: shares.map((share) => Number((share * milliseconds).toFixed(3))).join("-"), offset: "" }));
});

sessionStorage.setItem("trace", location.pathname); // the list goes back to its row
start();
