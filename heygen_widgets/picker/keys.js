// What several parts do with keys and the wheel.
class Keys {
  // The letter of a key, also on a keyboard for another script.
  letter({ key, code }) {
    return (/^[ -~]$/.test(key) ? key : code.replace("Key", "")).toLowerCase();
  }

  // A wheel scrolls a row, and at its end the notebook.
  roll(event) {
    const row = event.currentTarget;
    const before = row.scrollLeft;
    if (!event.deltaX && !event.ctrlKey) row.scrollLeft += event.deltaY;
    if (row.scrollLeft !== before) event.preventDefault();
  }

  // After a click nothing scrolls; what a key opens comes into sight.
  focusOn(element) {
    element?.focus({ preventScroll: true });
    if (element?.matches(":focus-visible")) element.scrollIntoView({ block: "nearest" });
  }

  // The next render may move the focused element of a part, or remove or disable it: another one gets the focus then.
  keep(part, focusOther) {
    const focused = document.activeElement;
    if (!part.contains(focused)) return;
    nextTick(() => {
      focused.focus({ preventScroll: true });
      if (document.activeElement !== focused || focused.disabled) focusOther();
    });
  }

  // Move the focus in a list: by arrows, Home, End, and the letter that a name starts with.
  walk(event, items) {
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = items.indexOf(event.target);
    const next = { ArrowDown: items[at + 1], ArrowUp: items[at - 1], Home: items[0], End: items[items.length - 1] };
    const starts = item => item.textContent.trim().toLowerCase().startsWith(key.toLowerCase());
    const to = key in next ? next[key] : key.trim().length === 1 && [...items.slice(at + 1), ...items.slice(0, at)].find(starts);
    if (to) to.focus();
    if (to || key in next) event.preventDefault();
  }
}
