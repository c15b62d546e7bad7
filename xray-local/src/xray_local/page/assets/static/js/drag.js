// A part of a drawing, chosen by dragging: `chosen` gets the drawing and both ends as shares of its width.

const MOVED = 4; // pixels: less is a click

export const onDrag = (selector, chosen) => {
  let svg;
  let from;
  let mark;
  const ends = (event) => {
    const box = svg.getBoundingClientRect();
    const share = (x) => Math.min(1, Math.max(0, (x - box.left) / box.width));
    return [share(from), share(event.clientX)].sort((a, b) => a - b);
  };
  const end = () => {
    mark?.remove();
    svg = mark = undefined;
  };
  addEventListener("pointerdown", (event) => {
    svg = event.button ? undefined : event.target.closest(selector);
    from = event.clientX;
  });
  addEventListener("pointermove", (event) => {
    if (!svg || (!mark && Math.abs(event.clientX - from) < MOVED)) return;
    if (!mark) {
      mark = document.createElementNS(svg.namespaceURI, "rect");
      mark.setAttribute("class", "dragged");
      mark.setAttribute("height", "100%");
      svg.append(mark);
    }
    const [left, right] = ends(event);
    mark.setAttribute("x", `${left * 100}%`);
    mark.setAttribute("width", `${(right - left) * 100}%`);
  });
  addEventListener("pointerup", (event) => {
    if (mark) {
      const stop = (click) => { click.preventDefault(); click.stopPropagation(); };
      addEventListener("click", stop, { capture: true, once: true });
      setTimeout(() => removeEventListener("click", stop, { capture: true }));
      chosen(svg, ...ends(event));
    }
    end();
  });
  addEventListener("pointercancel", end);
  addEventListener("dragstart", (event) => { if (event.target.closest?.(selector)) event.preventDefault(); });
};
