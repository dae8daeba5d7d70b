const LARGEST_WINDOW = 120;   // looks per message, and cards in the DOM
const KEPT = 600;             // looks kept by position

// The cards of a view by position. Those of the version before are shown until the new ones arrive.
class Windows {
  constructor() {
    Object.assign(this, { looks: new Map(), version: 0, matched: 0 });   // each look has the version of its window
    // What the grid renders and has in sight, how it moves, and whether it is about to paint a version for the first time.
    Object.assign(this, { from: 0, top: 0, to: 0, direction: 1, hurried: false, fresh: true });
  }

  at(position) {
    return this.looks.get(position);
  }

  range(start, end) {
    return Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index);
  }

  between(start, end) {
    return this.range(start, end).map(position => this.at(position)).filter(look => look);
  }

  // Returns whether the cards are of another version than those before.
  take({ version, start, looks }) {
    const other = version !== this.version;
    const margin = other ? 0 : KEPT / 2;
    const kept = [...this.looks].filter(([position]) => position >= this.from - margin && position < this.to + margin);
    this.looks = new Map([...kept, ...looks.map((look, index) => [start + index, { ...look, version }])]);
    this.version = version;
    return other;
  }

  // The next window to ask for, or null. Fast scrolling needs other rows when the answer arrives.
  missing() {
    const { from, to, matched, version } = this;
    const screen = to - from;
    const ahead = this.hurried ? Math.max(screen, LARGEST_WINDOW - screen) : this.fresh ? 0 : screen;
    const down = this.direction > 0;
    const sought = this.range(Math.max(0, down ? from : from - ahead), Math.min(matched, down ? to + ahead : to));
    const gaps = sought.filter(position => this.at(position)?.version !== version);
    if (!gaps.length) return null;
    const [first, last] = [gaps[0], gaps.at(-1)];
    const count = Math.min(LARGEST_WINDOW, last - first + 1);
    return { start: down ? first : last + 1 - count, count };   // the nearest ones, if one message cannot hold all
  }
}
