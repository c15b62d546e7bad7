// Drag on the overview of a trace to zoom to a part of its time.

import { address, view } from "./pane.js";

const MOVED = 4; // pixels: less is a click on the cell below

let drag = null;

const share = (event) => {
  const box = drag.svg.getBoundingClientRect();
  return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
};

export const startZoom = (event) => {
  const svg = event.target.closest("[data-mini]");
  if (!svg || event.button) return;
  drag = { svg, x: event.clientX };
  drag.from = share(event);
};

export const moveZoom = (event) => {
  if (!drag || Math.abs(event.clientX - drag.x) < MOVED) return;
  if (!drag.mark) {
    drag.mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    drag.mark.setAttribute("class", "zoomed");
    drag.mark.setAttribute("height", "100");
    drag.svg.append(drag.mark);
  }
  const [left, right] = [drag.from, share(event)].sort((a, b) => a - b);
  drag.mark.setAttribute("x", left * 100);
  drag.mark.setAttribute("width", (right - left) * 100);
};

export const endZoom = (event) => {
  if (!drag) return;
  const { mark, from, svg } = drag;
  const [left, right] = [from, share(event)].sort((a, b) => a - b);
  drag = null;
  if (!mark) return;
  addEventListener("click", (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true });
  const milliseconds = svg.dataset.seconds * 1000;
  const part = [left, right].map((at) => Number((at * milliseconds).toFixed(3))).join("-");
  view(address({ zoom: part, offset: "" }));
};
