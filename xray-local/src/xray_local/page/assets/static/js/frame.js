// On every page: `/` moves to the field, `?` shows the keys, a link has the key that it names, and times are local.

import { fragment } from "./fragments.js";

export const typing = (event) =>
  event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog[open]");

const showKeys = async () => {
  const { href } = document.querySelector("[data-help]");
  const dialog = document.createElement("dialog");
  const close = document.createElement("button");
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  dialog.setAttribute("aria-label", "Keys");
  dialog.addEventListener("close", () => dialog.remove());
  try {
    dialog.append(await fragment(href, "keys"), close);
  } catch {
    location.assign(href);
  }
  document.body.append(dialog);
  dialog.showModal();
};

addEventListener("keydown", (event) => {
  if (typing(event)) return;
  const linked = () => document.querySelector(`[aria-keyshortcuts="${CSS.escape(event.key)}"]`);
  const field = document.querySelector("[data-find]");
  const action = { "/": field && (() => field.focus()), "?": showKeys }[event.key] ?? linked()?.click.bind(linked());
  if (!action) return;
  event.preventDefault();
  action();
});

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export const localTimes = (root) => {
  for (const time of root.querySelectorAll("time[data-local]")) time.textContent = clock.format(new Date(time.dateTime));
};

localTimes(document);
