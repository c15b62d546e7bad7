// The one place that turns HTML of this server into elements: a fragment of a page, fetched by `?part=`.

const policy = globalThis.trustedTypes?.createPolicy("xray", { createHTML: (text) => text });

export const fragment = async (address, part) => {
  const url = new URL(address, location.href);
  url.searchParams.set("part", part);
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const text = await answer.text();
  const template = document.createElement("template");
  template.innerHTML = policy ? policy.createHTML(text) : text;
  return template.content;
};
