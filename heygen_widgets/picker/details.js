const SLOW = 200;          // ms before the panel opens with what the card knows
const VOICES = 12;         // voices that are kept
const COMPARED = 4;        // looks side by side

// The look in the panel, and those side by side.
class Details {
  constructor(picker) {
    Object.assign(this, {
      records: Object.create(null), voices: new Map(),   // by id; an id may be the name of a property of every object
      opened: null, compared: null,   // the id of the look in the panel, those of the looks side by side
      unfolded: false, answered: false,   // whether the panel shows the video options, and whether the kernel has answered about `compared`
    });
    this.picker = picker;
    this.panel = null;     // the part, when it is mounted
    this.opening = null;   // the id of the look that the panel is about to show
    this.from = null;      // where the panel was opened: a position in the grid, or null for the tray and the comparison
    this.opener = null;    // the element that had the focus then
    this.comparison = null;   // the part, when it is mounted
  }

  // The id of the look that is open, or about to be.
  get current() {
    return this.opening ?? this.opened;
  }

  // Where that look is in the grid, or null: other looks may have come. If it was opened elsewhere, only what is in sight counts.
  get place() {
    const { current, from, picker: { windows } } = this;
    if (from !== null && (windows.at(from) || {}).id === current) return from;
    const counts = place => from !== null || (place >= windows.from && place < windows.to);
    const [found] = [...windows.looks].find(([place, look]) => look.id === current && counts(place)) || [null];
    return found;
  }

  get look() {
    return this.opened === null ? null : this.records[this.opened] || null;
  }

  // Open the panel of a look, which renders once: with all details, or with the card's if the kernel is slow.
  inform(look, position = null) {
    if (!look || look.character || look.id === null) return;
    const { kernel } = this.picker;
    this.from = position;
    if (!this.panel || !this.panel.$el.contains(document.activeElement)) this.opener = document.activeElement;
    if (look.id === this.opened && this.panel) this.panel.focus();
    this.opening = look.id;
    this.keep([look]);
    kernel.later("opening", SLOW, () => this.show(look.id));
    kernel.submit("ask_details", { view: kernel.viewId, ids: [look.id] });
    kernel.send("ask_voice", look.id);
  }

  // Show the panel of a look, or none.
  show(id) {
    this.picker.kernel.cancel("opening");
    this.opening = null;
    this.opened = id;
  }

  close() {
    const { current, from, opener, picker, comparison } = this;
    this.show(null);
    // Focus where it was opened: on a card, in the comparison or in the tray.
    nextTick(() => {
      if (from !== null) picker.grid.focus();
      else if (opener.isConnected && comparison && comparison.$el.contains(opener)) comparison.focus(current);
      else if (!picker.tray || !picker.tray.focusLook(current)) (comparison || picker.grid).focus();
    });
  }

  // What to say of a voice.
  said(voice) {
    return voice.audio ? voice.text : `${voice.text}, without a sample to play`;
  }

  // Those to step through, if the panel was not opened in the grid.
  get others() {
    return this.compared || this.picker.chosen;
  }

  // The place of the next look in the grid, or among those; null without one.
  nextTo(by) {
    const { others, picker: { show, windows } } = this;
    const [at, number] = this.from === null ? [others.indexOf(this.current), others.length] : [this.place, show === "looks" ? windows.matched : 0];
    return at !== null && at + by >= 0 && at + by < number ? at + by : null;
  }

  step(by) {
    const { grid, held, windows } = this.picker;
    const at = this.nextTo(by);
    if (at === null) return;
    if (this.from === null) return this.inform(held.get(this.others[at]) || null);
    grid.reveal(at);
    grid.focused = at;
    this.inform(windows.at(at), at);
  }

  // Keep what is known of the looks that are shown, and of some others that are about to be.
  keep(looks) {
    const shown = new Set([this.opened, this.opening, ...(this.compared || [])]);
    const records = Object.create(null);
    [...Object.values(this.records), ...looks].filter(look => shown.has(look.id)).forEach(look => {
      records[look.id] = { ...records[look.id], ...look };
    });
    this.records = records;
  }

  take(answer) {
    this.keep(answer.looks);
    if (this.opening !== null && answer.looks.some(look => look.id === this.opening)) this.show(this.opening);
    if (!answer.compared) return;
    this.answered = true;
    answer.looks.filter(look => look.voice_id && !this.voices.has(look.voice_id)).forEach(look => this.picker.kernel.send("ask_voice", look.id));
  }

  takeVoice(answer) {
    this.voices = new Map([...this.voices, [answer.id, answer.voice]].slice(-VOICES));
  }

  // Show up to four looks side by side.
  compare(ids) {
    const { kernel } = this.picker;
    this.show(null);
    this.compared = ids.slice(0, COMPARED);
    this.answered = false;
    kernel.submit("ask_details", { view: kernel.viewId, ids: this.compared, compared: true });
  }

  stopComparing() {
    const { root, tray, grid } = this.picker;
    // Don't take focus from another cell that changes the selection, nor from the tray.
    const active = document.activeElement;
    const inside = root.$refs.root.contains(active) && ![this.panel, tray].some(part => part && part.$el.contains(active));
    this.compared = null;
    nextTick(() => { if (inside && !(tray && tray.focusCompare())) grid.focus(); });
  }

  renew(images) {
    const renewed = Object.values(this.records).filter(look => images.has(look.id));
    this.keep(renewed.map(look => ({ ...look, image: images.get(look.id) })));
  }
}
