// A link with `data-copy` copies its address ("link") or the text at it ("text"); without a clipboard it stays a link.

const copied = async (link) => (link.dataset.copy === "link" ? link.href : (await fetch(link.href)).text());

export const copy = async (link) => {
  await navigator.clipboard.writeText(await copied(link));
  const text = link.textContent;
  link.textContent = "Copied";
  setTimeout(() => { link.textContent = text; }, 1500);
};

export const copies = (link) => link?.dataset.copy && navigator.clipboard;
