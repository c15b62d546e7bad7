// The rows and the pane of a trace: another view of them is fetched as a fragment, and its address becomes the page's.

import { fragment } from "./fragments.js";

export const part = (name) => document.querySelector(`[data-part="${name}"]`);

export const put = async (name, address) => part(name).replaceChildren(await fragment(address, name));

// Changes the page and leaves a row where it is in sight.
export const steady = async (row, change) => {
  const top = row?.getBoundingClientRect().top;
  await change();
  const same = row && document.getElementById(row.id);
  if (same) scrollBy(0, same.getBoundingClientRect().top - top);
};

const showPane = (open) => {
  part("pane").hidden = !open;
  document.querySelector(".columns").classList.toggle("open", open);
};

const select = (key) => {
  for (const row of document.querySelectorAll("[role=treeitem][aria-selected]")) row.removeAttribute("aria-selected");
  document.getElementById(`s-${key}`)?.setAttribute("aria-selected", "true");
};

export const address = (changes) => {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  return url;
};

export const openRow = async (key) => {
  const url = address({ row: key });
  await steady(document.getElementById(`s-${key}`), async () => {
    await put("pane", url);
    showPane(true);
    select(key);
  });
  history.replaceState(null, "", url);
};

export const closeRow = () => {
  showPane(false);
  select("");
  history.replaceState(null, "", address({ row: "" }));
};

export const view = async (to) => {
  const url = new URL(to, location.href);
  url.hash = "";
  await put("rows", url);
  if (!url.searchParams.has("row")) showPane(false);
  history.replaceState(null, "", url);
  dispatchEvent(new Event("rows"));
};
