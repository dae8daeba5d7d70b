"use strict";
const fold = text => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const search = document.querySelector("input");
const count = document.querySelector(".count");
const nothing = document.querySelector(".nothing");
const said = document.querySelector(".said");
const looks = [...document.querySelectorAll(".look")].map(card => ({ card, words: fold(card.dataset.words) }));

function narrow() {
  const words = fold(search.value).split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const look of looks) {
    const has = words.every(word => look.words.includes(word));
    look.card.hidden = !has;
    shown += has;
  }
  const all = `${looks.length.toLocaleString("en")} look${looks.length === 1 ? "" : "s"}`;
  count.textContent = words.length ? `${shown.toLocaleString("en")} of ${all}` : all;
  nothing.hidden = shown > 0 || !looks.length;
}

search.closest(".search").hidden = false;
search.addEventListener("input", narrow);
narrow();

document.addEventListener("keydown", event => {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key === "/" && plain && event.target !== search) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape" && event.target === search) {
    search.value = "";
    narrow();
  }
});

function copyOnClick(button, what, textOf) {
  const label = button.querySelector(".label");
  const usual = label.textContent;
  let waiting;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const copied = await copyText(textOf(), document.body);
    label.textContent = copied ? "Copied" : "Not copied";
    said.textContent = copied ? `${what} copied` : `${what} could not be copied`;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      label.textContent = usual;
      said.textContent = "";
    }, 2000);
  });
}

for (const button of document.querySelectorAll(".id button")) {
  copyOnClick(button, "Id", () => button.parentElement.querySelector("code").textContent);
}

const choice = document.querySelector(".choice");
const [copy, clear] = choice.querySelectorAll("button");
const ticks = [...document.querySelectorAll(".tick input")];
const ticked = () => ticks.filter(tick => tick.checked);
const chosen = () => [...new Set(ticked().map(tick => tick.dataset.line))];  // a look may be on the page twice

function showChoice() {
  const lines = chosen();
  choice.hidden = !lines.length;
  choice.querySelector("p").textContent = `${lines.length} chosen`;
  history.replaceState(lines, "");  // survives a reload, without any storage
}

document.querySelector(".hint").hidden = !ticks.length;
for (const tick of ticks) {
  tick.hidden = false;
  tick.checked = history.state?.includes(tick.dataset.line);
  tick.addEventListener("change", showChoice);
}
addEventListener("pageshow", showChoice);  // some browsers bring ticks back themselves

copyOnClick(copy, "Choice", () => choice.dataset.before + chosen().join("") + choice.dataset.after);
clear.addEventListener("click", () => {
  const cleared = ticked();
  for (const tick of cleared) tick.checked = false;
  showChoice();
  // The button is hidden now, and the focus stays on what was cleared.
  (cleared.find(tick => !tick.closest(".look").hidden) ?? search).focus({ preventScroll: true });
});

const still = matchMedia("(prefers-reduced-motion: reduce)");
for (const clip of document.querySelectorAll("video")) {
  const card = clip.closest(".look");
  card.addEventListener("pointerenter", () => { if (!still.matches) clip.play().catch(() => {}); });
  card.addEventListener("pointerleave", () => { clip.pause(); });
}
