const fold = text => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const [search, count, nothing, said, choice] = ["input", ".count", ".nothing", ".said", ".choice"].map(part => document.querySelector(part));
const looks = [...document.querySelectorAll(".look")].map(card => ({ card, text: fold(card.dataset.words) }));
for (const part of document.querySelectorAll(".search, .hint, .tick input, .id button")) part.hidden = !looks.length;

function narrow() {
  const words = fold(search.value).trim().split(/\s+/);
  for (const { card, text } of looks) card.hidden = !words.every(word => text.includes(word));
  const shown = looks.filter(({ card }) => !card.hidden).length;
  const all = `${looks.length} look${looks.length === 1 ? "" : "s"}`;
  count.textContent = words[0] ? `${shown} of ${all}` : all;
  nothing.hidden = shown > 0 || !looks.length;
}
search.addEventListener("input", narrow);
narrow();

function copyOnClick(button, what, textOf) {
  const label = button.querySelector(".label");
  const usual = label.textContent;
  button.addEventListener("click", async () => {
    label.textContent = await copyText(textOf()) ? "Copied" : "Not copied";
    said.textContent = `${what}: ${label.textContent}`;
    setTimeout(() => { label.textContent = usual; said.textContent = ""; }, 2000);
  });
}

for (const button of document.querySelectorAll(".id button")) {
  copyOnClick(button, "Id", () => button.parentElement.querySelector("code").textContent);
}

const ticks = [...document.querySelectorAll(".tick input")];
const chosen = () => [...new Set(ticks.filter(tick => tick.checked).map(tick => tick.dataset.line))];  // a look may be on the page twice

function showChoice() {
  choice.hidden = !chosen().length;
  choice.querySelector("p").textContent = `${chosen().length} chosen`;
  history.replaceState(chosen(), "");  // survives a reload, without any storage
}
for (const tick of ticks) tick.checked = history.state?.includes(tick.dataset.line);
document.addEventListener("change", showChoice);
addEventListener("pageshow", showChoice);  // some browsers bring ticks back themselves

const [copy, clear] = choice.querySelectorAll("button");
copyOnClick(copy, "Choice", () => choice.dataset.before + chosen().join("") + choice.dataset.after);
clear.addEventListener("click", () => {
  for (const tick of ticks) tick.checked = false;
  showChoice();
  search.focus({ preventScroll: true });  // the button is hidden now
});

const still = matchMedia("(prefers-reduced-motion: reduce)");
for (const clip of document.querySelectorAll("video")) {
  const card = clip.closest(".look");
  card.addEventListener("pointerenter", () => { if (!still.matches) clip.play().catch(() => {}); });
  card.addEventListener("pointerleave", () => clip.pause());
}
