const LARGEST_WINDOW = 120;   // looks per message, and cards in the DOM
const KEPT = 600;             // looks kept by position

// The cards of a view by position. Those of the version before are shown until the new ones arrive.
class Windows {
  constructor() {
    this.looks = new Map();
    this.current = new Set();   // the positions whose looks are of this version
    this.version = this.matched = this.changes = 0;   // the last one counts changes of the cards, which are not reactive
    // What the grid renders and has in sight, how it moves, and whether it is about to paint a version for the first time.
    Object.assign(this, { from: 0, top: 0, to: 0, direction: 1, hurried: false, fresh: true });
  }

  at(position) {
    return this.looks.get(position);
  }

  between(start, end) {
    return Array.from({ length: Math.max(0, end - start) }, (_, index) => this.at(start + index)).filter(look => look);
  }

  // Returns whether the cards are of another version than those before.
  take({ version, start, looks }) {
    const other = version !== this.version;
    const margin = other ? 0 : KEPT / 2;
    if (other) this.current = new Set();
    this.version = version;
    [...this.looks.keys()].filter(position => position < this.from - margin || position >= this.to + margin).forEach(position => {
      this.looks.delete(position);
      this.current.delete(position);
    });
    looks.forEach((look, index) => {
      this.looks.set(start + index, look);
      this.current.add(start + index);
    });
    return other;
  }

  renew(images) {
    this.looks.forEach((look, position) => {
      if (images.has(look.id)) this.looks.set(position, { ...look, image: images.get(look.id) });
    });
    this.changes += 1;
  }

  // The next window to ask for, or null. Fast scrolling needs other rows when the answer arrives.
  missing() {
    const { from, to, matched, current } = this;
    const screen = to - from;
    const ahead = this.hurried ? Math.max(screen, LARGEST_WINDOW - screen) : this.fresh ? 0 : screen;
    const down = this.direction > 0;
    let [start, end] = [Math.max(0, down ? from : from - ahead), Math.min(matched, down ? to + ahead : to)];
    while (start < end && current.has(start)) start += 1;
    while (start < end && current.has(end - 1)) end -= 1;
    if (!down) start = Math.max(start, end - LARGEST_WINDOW);   // the nearest ones, if one message cannot hold all
    return start < end ? { start, count: Math.min(LARGEST_WINDOW, end - start) } : null;
  }
}
