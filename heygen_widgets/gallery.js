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

for (const button of document.querySelectorAll("button")) {
  const label = button.querySelector(".label");
  button.hidden = false;
  let waiting;
  button.addEventListener("click", async () => {
    const copied = await copyText(button.parentElement.querySelector("code").textContent, document.body);
    label.textContent = copied ? "Copied" : "Not copied";
    said.textContent = copied ? "Id copied" : "The id could not be copied";
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      label.textContent = "Copy id";
      said.textContent = "";
    }, 2000);
  });
}

const still = matchMedia("(prefers-reduced-motion: reduce)");
for (const { card } of looks) {
  const clip = card.querySelector("video");
  if (clip) {
    card.addEventListener("pointerenter", () => { if (!still.matches) clip.play().catch(() => {}); });
    card.addEventListener("pointerleave", () => { clip.pause(); });
  }
}
