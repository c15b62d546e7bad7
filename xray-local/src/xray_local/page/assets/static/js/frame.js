// On every page: `/` moves to the field, `?` opens the help, and times are shown in the time zone of the reader.

const typing = (event) => event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea");

addEventListener("keydown", (event) => {
  if (typing(event)) return;
  const found = { "/": "[data-find]", "?": "[data-help]" }[event.key];
  const element = found && document.querySelector(found);
  if (!element) return;
  event.preventDefault();
  element.focus();
  if (event.key === "?") element.click();
});

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export const localTimes = (root) => {
  for (const time of root.querySelectorAll("time[data-local]")) time.textContent = clock.format(new Date(time.dateTime));
};

localTimes(document);
