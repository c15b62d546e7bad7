// A trace that grows: when documents of it arrive, it is fetched again, and what is in sight stays where it is.

import { fragment } from "./fragments.js";
import { close, listen } from "./live.js";
import { part, put, steady } from "./pane.js";

const PIECES = [".axis", ".rows", ".mini"]; // not the field, in which a search may be being typed

const renewRows = async () => {
  const found = await fragment(location.href, "rows");
  const pairs = PIECES.map((name) => [document.querySelector(name), found.querySelector(name)]);
  for (const [old, renewed] of pairs) if (old && renewed) old.replaceWith(renewed);
  dispatchEvent(new Event("grown"));
};

const renew = async () => {
  const inRows = document.activeElement?.closest(".rows");
  const inSight = [...document.querySelectorAll("[role=treeitem]")].find((row) => row.getBoundingClientRect().bottom > 0);
  await steady(inSight, async () => {
    await put("about", location.href);
    await renewRows();
    if (!part("pane").hidden) await put("pane", location.href);
  });
  if (inRows) document.querySelector(".rows [tabindex='0']")?.focus({ preventScroll: true });
  document.title = document.querySelector(".headline").dataset.title;
  follow();
};

const follow = () => {
  const { stream } = document.querySelector(".headline").dataset;
  if (stream) listen(stream, renew);
  else close();
};

follow();
