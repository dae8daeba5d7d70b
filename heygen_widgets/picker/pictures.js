const FIRST_PICTURES = 12; // pictures that load before all others
const GATHERED = 100;      // ms to collect failed pictures for one message

// Which pictures have loaded and failed, by URL, because a look may get another picture at any time.
class Pictures {
  constructor(picker) {
    this.failed = new Set();
    this.loaded = new Set();
    this.picker = picker;
  }

  load(image) {
    const { loaded, picker } = this;
    loaded.add(image);
    if (loaded.size > KEPT) loaded.delete(loaded.values().next().value);
    if (!picker.settled && loaded.size >= FIRST_PICTURES) picker.settled = true;
  }

  fail(image) {
    // Keep only the last ones: a URL may be a whole picture. Older ones are tried again.
    this.failed = new Set([...this.failed, image].slice(-KEPT));
    this.gather();
  }

  // The kernel has other URLs.
  renewed(answer) {
    const { picker } = this;
    const images = new Map(Object.entries(answer.images));
    picker.held = new Map([...picker.held].map(([id, look]) => [id, images.has(id) ? { ...look, image: images.get(id) } : look]));
    picker.details.renew(images);
    picker.windows.renew(images);
  }

  gather() {
    const { kernel } = this.picker;
    if (this.failed.size && !kernel.timers.gathering) kernel.later("gathering", GATHERED, () => this.report());
  }

  // The kernel may fetch newer URLs, for the pictures in sight first.
  report() {
    const { windows, details, grid, kernel, selected } = this.picker;
    const [seen, above] = [[], []];
    for (let p = windows.from; p < windows.to; p += 1) {
      const look = windows.looks.get(p);
      if (look && this.failed.has(look.image)) (p < grid.topPosition ? above : seen).push(look.id);
    }
    for (const look of [...Object.values(details.records), ...selected]) {
      if (look.image && this.failed.has(look.image) && !seen.includes(look.id)) seen.push(look.id);
    }
    if (seen.length || above.length) kernel.send("previews_failed", [...seen, ...above]);
  }

  // Of the width to the height of a look's picture, a square one without a size.
  ratio({ width, height }) {
    return width > 0 && height > 0 ? Math.min(2.5, Math.max(0.4, width / height)) : 1;
  }

  initials(name) {
    // Split by visible characters, such as a letter with accents, or a flag.
    const characters = typeof Intl.Segmenter === "function"
      ? text => Array.from(new Intl.Segmenter().segment(text), part => part.segment) : Array.from;
    const words = name.split(/\s+/).filter(word => /^\p{L}/u.test(word)).slice(0, 2);
    if (words.length) return words.map(word => characters(word)[0].toUpperCase()).join("");
    // Without a word that starts with a letter: the first letter, digit, emoji or sign.
    const every = characters(name);
    const kinds = [/\p{L}/u, /[\p{N}\p{S}]/u, /\p{P}/u];
    return (kinds.map(kind => every.find(c => kind.test(c))).find(c => c) || "?").toUpperCase();
  }
}
