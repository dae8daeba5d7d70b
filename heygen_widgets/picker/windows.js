const LARGEST_WINDOW = 120;   // looks per message, and cards in the DOM
const KEPT = 600;             // looks kept by position

// The cards of a view by position. Only `version`, `matched` and `changes` are reactive: the last one counts changes of the cards.
class Windows {
  constructor() {
    this.looks = new Map();
    this.before = new Map();   // of the version before, shown until the new cards arrive
    this.version = this.matched = this.changes = 0;
    // What the grid has in sight, and how it moves.
    Object.assign(this, { from: 0, to: 0, direction: 1, hurried: false, rested: false });
  }

  at(position) {
    return this.looks.get(position) || this.before.get(position);
  }

  // Returns whether the cards are of another version than those before.
  take(answer) {
    const other = answer.version !== this.version;
    if (other) {
      const shown = new Map();
      for (let p = this.from; p < this.to; p += 1) if (this.at(p)) shown.set(p, this.at(p));
      this.before = shown;
      this.looks = new Map();
    }
    this.version = answer.version;
    answer.looks.forEach((look, index) => this.looks.set(answer.start + index, look));
    this.forget();
    if (this.before.size && !this.lacks(this.from, this.to)) this.before = new Map();
    return other;
  }

  forget() {
    if (this.looks.size <= KEPT) return;
    const middle = (this.from + this.to) / 2;
    const far = [...this.looks.keys()].sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle));
    far.slice(0, this.looks.size - KEPT).forEach(position => this.looks.delete(position));
  }

  renew(images) {
    this.looks.forEach((look, position) => {
      if (images.has(look.id)) this.looks.set(position, { ...look, image: images.get(look.id) });
    });
    this.changes += 1;
  }

  // The next window to ask for, or null.
  missing() {
    const { from, to } = this;
    const screen = to - from;
    // During fast scrolling, other rows are visible when the answer arrives.
    const reach = this.hurried ? Math.max(screen, LARGEST_WINDOW - screen) : screen;
    const ahead = this.direction > 0 ? [to, to + reach] : [from - reach, from];
    if (this.hurried) return this.lacks(Math.min(from, ahead[0]), Math.max(to, ahead[1]));
    return this.lacks(from, to) || (this.rested ? this.lacks(...ahead) : null);
  }

  lacks(start, end) {
    const absent = [];
    for (let p = Math.max(0, start); p < Math.min(end, this.matched); p += 1) if (!this.looks.has(p)) absent.push(p);
    if (!absent.length) return null;
    const last = absent[absent.length - 1];
    // The nearest ones, if one message cannot hold all.
    const first = this.direction > 0 ? absent[0] : Math.max(absent[0], last + 1 - LARGEST_WINDOW);
    return { start: first, count: Math.min(LARGEST_WINDOW, last - first + 1) };
  }
}
