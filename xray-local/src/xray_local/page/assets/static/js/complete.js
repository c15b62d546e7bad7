// The field completes words, as a combobox with a listbox: arrows choose, Enter or a click takes, Escape closes.

const MOST = 8;
const field = document.querySelector("[data-find]");
const list = document.createElement("ul");
let words;
let shown = [];
let chosen = -1;

const load = async () => {
  words ??= (await fetch("/words.json")).json();
  return words;
};

const before = () => field.value.slice(0, field.selectionStart);
const token = () => before().match(/[^\s(){}!,]*$/)[0].replace(/^-/, "");

// The words that begin with what is typed, and then those that have it elsewhere; after a quotation mark only names.
const matching = (all, typed) => {
  const known = typed.startsWith('"') ? all.filter((word) => word.name).map((word) => ({ ...word, text: `"${word.name}"` })) : all;
  const plain = (text) => text.toLowerCase().replace(/^"/, "");
  const found = known.filter((word) => word.text !== typed && plain(word.text).includes(plain(typed)));
  const starts = (word) => plain(word.text).startsWith(plain(typed));
  return [...found.filter(starts), ...found.filter((word) => !starts(word))].slice(0, MOST);
};

const choose = (number) => {
  chosen = number;
  for (const [place, option] of [...list.children].entries()) option.setAttribute("aria-selected", place === number);
  if (number < 0) field.removeAttribute("aria-activedescendant");
  else field.setAttribute("aria-activedescendant", list.children[number].id);
};

const show = (found) => {
  shown = found;
  list.hidden = !found.length;
  list.replaceChildren(...found.map((word, place) => {
    const option = document.createElement("li");
    const note = document.createElement("span");
    option.role = "option";
    option.id = `word-${place}`;
    note.textContent = word.note;
    option.append(word.text, note);
    return option;
  }));
  field.setAttribute("aria-expanded", !list.hidden);
  choose(-1);
  list.style.left = `${field.offsetLeft}px`;
  list.style.top = `${field.offsetTop + field.offsetHeight + 2}px`;
  list.style.minWidth = `${Math.min(field.offsetWidth, 420)}px`;
};

const complete = async () => {
  const typed = token();
  const all = typed ? await load() : [];
  if (document.activeElement === field && typed === token()) show(typed ? matching(all, typed) : []);
};

const take = (word) => {
  const text = /^"|[=.]$|\("$/.test(word.text) ? word.text : `${word.text} `; // more is expected, or another word
  field.setRangeText(text, field.selectionStart - token().length, field.selectionStart, "end");
  show([]);
  complete();
};

const KEYS = {
  ArrowDown: () => choose(chosen + 1 < shown.length ? chosen + 1 : -1),
  ArrowUp: () => choose(chosen < 0 ? shown.length - 1 : chosen - 1),
  Enter: () => take(shown[chosen]),
  Escape: () => show([]),
};

if (field) {
  list.id = "words";
  list.className = "words";
  list.role = "listbox";
  list.ariaLabel = "Words";
  list.hidden = true;
  field.after(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", "words"], ["aria-expanded", "false"]]) {
    field.setAttribute(name, value);
  }
  field.addEventListener("input", complete);
  field.addEventListener("blur", () => show([]));
  field.addEventListener("keydown", (event) => {
    if (list.hidden || !KEYS[event.key] || event.isComposing || (event.key === "Enter" && chosen < 0)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const option = event.target.closest("li");
    if (option) take(shown[[...list.children].indexOf(option)]);
  });
}
