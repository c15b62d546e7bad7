// Server-sent events, which carry numbers only. The link `live` pauses them and goes on.

const link = document.querySelector("[data-live]");
let source;
let last;

export const close = () => {
  source?.close();
  link?.classList.remove("on");
  if (link) link.title = "Resume";
};

export const listen = (address, heard) => {
  source?.close();
  last = [address, heard];
  source = new EventSource(address);
  source.onmessage = (event) => heard(JSON.parse(event.data));
  link?.classList.add("on");
  if (link) link.title = "Pause";
};

link?.addEventListener("click", (event) => {
  if (!source || new URLSearchParams(location.search).has("live")) return;
  event.preventDefault();
  if (source.readyState === EventSource.CLOSED) listen(...last);
  else close();
});
