const SLOW = 200;          // ms before the panel opens with what the card knows
const COMPARED = 4;        // looks side by side

// The look in the panel, and those side by side.
class Details {
  constructor(picker) {
    Object.assign(this, {
      records: new Map(), voices: new Map(),   // by id
      opened: null, compared: null,   // the id of the look in the panel, those of the looks side by side
      visits: 0,   // counts how often the panel has opened or gone to a look
    });
    this.picker = picker;
    this.opening = null;   // the id of the look that the panel is about to show
    this.from = null;      // where the panel was opened: a position in the grid, or null for the tray and the comparison
  }

  // The id of the look that is open, or about to be.
  get current() {
    return this.opening ?? this.opened;
  }

  get look() {
    return this.opened === null ? null : this.records.get(this.opened) || null;
  }

  // Where the panel's look is in the grid, which may have other looks by now, or null.
  get place() {
    const { current, from, picker: { windows } } = this;
    if (from === null || (windows.at(from) || {}).id === current) return from;
    return ([...windows.looks].find(([, look]) => look.id === current) || [null])[0];
  }

  // Open the panel of a look, which renders once: with all details, or with the card's if the kernel is slow.
  inform(look, position = null) {
    const { kernel } = this.picker;
    if (!look || look.character || look.id === null) return;
    this.from = position;
    this.opening = look.id;
    this.keep([look]);
    kernel.later("opening", SLOW, () => this.show(look.id));
    kernel.submit("ask_details", { view: kernel.viewId, ids: [look.id] });
  }

  // Show the panel of a look, or none.
  show(id) {
    this.picker.kernel.cancel("opening");
    this.opening = null;
    this.opened = id;
    this.visits += 1;
  }

  close() {
    const { current, from, picker: { grid } } = this;
    this.show(null);
    nextTick(() => { if (from === null) this.focusLook(current); else grid.focus(); });
  }

  // Focus the picture of a look in the comparison or in the tray, or what is there instead.
  focusLook(id) {
    const { root, grid, keys } = this.picker;
    const stops = [...root.$refs.root.querySelectorAll(".look-compare button, .look-tray__open")];
    const stop = stops.find(({ dataset }) => dataset.lookId === id) || (this.compared && stops[0]);
    if (stop) keys.focusOn(stop);
    else grid.focus();
  }

  // The place of the next look in the grid or, if the panel was opened elsewhere, among those; null without one.
  nextTo(by) {
    const { others, current, from, place, picker: { show, windows } } = this;
    const [at, number] = from === null ? [others.indexOf(current), others.length] : [place, show === "looks" ? windows.matched : 0];
    return at !== null && at + by >= 0 && at + by < number ? at + by : null;
  }

  get others() {
    return this.compared || this.picker.chosen;
  }

  step(by) {
    const { grid, held, windows } = this.picker;
    const at = this.nextTo(by);
    if (at === null) return;
    if (this.from === null) return this.inform(held.get(this.others[at]));
    grid.reveal(at);
    grid.focused = at;
    this.inform(windows.at(at), at);
  }

  keep(looks) {
    this.records = new Map([...this.records, ...looks.map(look => [look.id, { ...this.records.get(look.id), ...look }])]);
  }

  take({ looks }) {
    this.keep(looks);
    if (looks.some(look => look.id === this.opening)) this.show(this.opening);
    looks.filter(look => look.voice_id && !this.voices.get(look.voice_id)).forEach(look => this.picker.kernel.send("ask_voice", look.id));
  }

  // The text of a fact. A voice has its name when the kernel has fetched it.
  textOf(look, { name, text }) {
    const voice = name === "voice" && this.voices.get(look.voice_id);
    return voice ? voice.text : text;
  }

  // Show up to four looks side by side.
  compare(ids) {
    const { kernel } = this.picker;
    this.show(null);
    this.compared = ids.slice(0, COMPARED);
    kernel.submit("ask_details", { view: kernel.viewId, ids: this.compared });
  }

  // Focus that was in the comparison goes to the grid.
  stopComparing() {
    this.compared = null;
    nextTick(() => { if (document.activeElement === document.body) this.picker.grid.focus(); });
  }
}
