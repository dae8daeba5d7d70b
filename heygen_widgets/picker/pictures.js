const FIRST_PICTURES = 12; // pictures that load before all others
const GATHERED = 100;      // ms to collect failed pictures for one message

// Which pictures have loaded and failed, by URL, because a look may get another picture at any time.
class Pictures {
  constructor(picker) {
    Object.assign(this, { picker, failed: shallowReactive(new Set()), loaded: new Set() });
  }

  load(image) {
    const { loaded, picker } = this;
    loaded.add(image);
    if (loaded.size > KEPT) loaded.delete(loaded.values().next().value);   // a URL may be a whole picture
    if (!picker.settled && loaded.size >= FIRST_PICTURES) picker.rest();
  }

  fail(image) {
    this.failed.add(image);
    this.gather();
  }

  // The kernel has other URLs.
  renew(images) {
    const { picker, picker: { details, windows } } = this;
    const renewed = looks => new Map([...looks].map(([key, look]) => [key, images.has(look.id) ? { ...look, image: images.get(look.id) } : look]));
    picker.held = renewed(picker.held);
    details.records = renewed(details.records);
    windows.looks = renewed(windows.looks);
  }

  // The kernel may fetch newer URLs, for the pictures in sight first.
  gather() {
    const { picker: { kernel }, failed } = this;
    if (!failed.size || kernel.timers.gathering) return;
    kernel.later("gathering", GATHERED, () => {
      const { details: { records }, selected, windows } = this.picker;
      const [inSight, above] = [windows.between(windows.top, windows.to), windows.between(windows.from, windows.top)];
      const looks = [...inSight, ...records.values(), ...selected, ...above];
      const ids = new Set(looks.filter(look => failed.has(look.image)).map(look => look.id));
      if (ids.size) kernel.send("previews_failed", [...ids]);
    });
  }

  // The first letters of two words, or the first letter, digit or sign.
  initials(name) {
    const letters = name.match(/(?<!\S)\p{L}\p{M}*/gu) || [];
    return (letters.slice(0, 2).join("") || (name.match(/[\p{L}\p{N}\p{S}]/u) || "?")[0]).toUpperCase();
  }
}
