// The list of traces: how many are new, and a part of the heat map chosen by dragging.

import { fragment } from "./fragments.js";
import { localTimes } from "./frame.js";

const results = () => document.querySelector("#results");
const live = document.querySelector("[data-live]");
const stored = document.querySelector("[data-stored]");
const isLive = new URLSearchParams(location.search).has("live");
let source;
let pill;

const renew = async () => {
  const old = results();
  const part = await fragment(location.href, "results");
  localTimes(part);
  const focused = document.activeElement?.closest?.("#results a")?.getAttribute("href");
  old.replaceWith(part);
  pill?.remove();
  pill = undefined;
  if (focused) results().querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  heatMap();
  listen();
};

const offer = (count) => {
  if (!pill) {
    pill = document.createElement("button");
    pill.className = "pill";
    pill.type = "button";
    pill.addEventListener("click", renew);
    pill.setAttribute("aria-live", "polite");
    document.querySelector("main").append(pill);
  }
  pill.textContent = `${count.toLocaleString("en")} new`;
};

const listen = () => {
  source?.close();
  if (!results()) return;
  const address = new URL("/live", location.href);
  address.search = location.search;
  address.searchParams.set("after", results().dataset.newest);
  source = new EventSource(address);
  source.onmessage = (event) => {
    const numbers = JSON.parse(event.data);
    stored.textContent = numbers.stored.toLocaleString("en");
    if (!numbers.new) return;
    if (isLive && scrollY === 0) renew();
    else offer(numbers.new);
  };
};

const heatMap = () => {
  const heat = document.querySelector(".heat");
  if (!heat) return;
  const svg = heat.querySelector("svg");
  let from;
  let mark;
  const share = (event) => Math.min(1, Math.max(0, (event.clientX - svg.getBoundingClientRect().left) / svg.clientWidth));
  heat.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = share(event);
    addEventListener("pointerup", finish, { once: true });
  });
  heat.addEventListener("click", (event) => mark && event.preventDefault());
  heat.addEventListener("dragstart", (event) => event.preventDefault());
  heat.addEventListener("pointermove", (event) => {
    if (from === undefined || Math.abs(share(event) - from) < 0.01) return;
    if (!mark) {
      mark = document.createElementNS(svg.namespaceURI, "rect");
      mark.setAttribute("class", "selection");
      mark.setAttribute("height", "100%");
      svg.append(mark);
    }
    const to = share(event);
    mark.setAttribute("x", `${Math.min(from, to) * 100}%`);
    mark.setAttribute("width", `${Math.abs(to - from) * 100}%`);
  });
  const finish = (event) => {
    if (mark) {
      const [start, end] = [Number(heat.dataset.start), Number(heat.dataset.end)];
      const ends = [from, share(event)].sort((one, other) => one - other).map((part) => start + part * (end - start));
      const address = new URL(location.href);
      address.searchParams.set("from", Math.floor(ends[0]));
      address.searchParams.set("to", Math.ceil(ends[1]));
      for (const name of ["range", "next"]) address.searchParams.delete(name);
      location.assign(address);
    }
    from = undefined;
  };
};

live?.addEventListener("click", (event) => {
  if (isLive || !source) return;
  event.preventDefault();
  const paused = source.readyState === EventSource.CLOSED;
  if (paused) listen();
  else source.close();
  live.classList.toggle("on", paused);
  live.title = paused ? "Pause" : "Go on";
});

if (results() && live) {
  live.title = isLive ? live.title : "Pause";
  live.classList.add("on");
  listen();
  heatMap();
}
