// The list of traces: how many are new, a part of the heat map chosen by dragging, and keys that move through the rows.

import { onDrag } from "./drag.js";
import { fragment } from "./fragments.js";
import { localTimes, typing } from "./frame.js";
import { listen } from "./live.js";

const results = () => document.querySelector("#results");
const links = () => [...document.querySelectorAll(".traces .rq a")];
const stored = document.querySelector("[data-stored]");
const isLive = new URLSearchParams(location.search).has("live");
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
  follow();
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

const heard = (numbers) => {
  stored.textContent = numbers.stored.toLocaleString("en");
  if (!numbers.new) return;
  if (isLive && scrollY === 0) renew();
  else offer(numbers.new);
};

const follow = () => {
  if (!results()) return;
  const address = new URL("/live", location.href);
  address.search = location.search;
  address.searchParams.set("after", results().dataset.newest);
  listen(address, heard);
};

onDrag(".heat svg", (svg, ...shares) => {
  const { start, end } = svg.parentElement.dataset;
  const [from, to] = shares.map((share) => Number(start) + share * (end - start));
  const address = new URL(location.href);
  address.searchParams.set("from", Math.floor(from));
  address.searchParams.set("to", Math.ceil(to));
  for (const name of ["range", "next"]) address.searchParams.delete(name);
  location.assign(address);
});

const move = (step) => {
  const all = links();
  const at = all.indexOf(document.activeElement);
  all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))]?.focus();
};

addEventListener("keydown", (event) => {
  const step = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || typing(event)) return;
  if (event.key.length > 1 && !event.target.closest(".traces")) return;
  event.preventDefault();
  move(step);
});

// Back from a trace, the row of the one that was seen last has the focus.
addEventListener("pageshow", () => {
  const seen = sessionStorage.getItem("trace");
  sessionStorage.removeItem("trace");
  if (seen) links().find((link) => link.pathname === seen)?.focus();
});

follow();
