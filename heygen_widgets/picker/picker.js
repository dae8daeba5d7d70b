const FIRST_WINDOW = 24;   // looks, about one screen
const FIRST_PICTURES = 12; // pictures that load before all others
const SETTLED = 400;       // ms after the first looks before other pictures and hidden rows load
const PATIENCE = 10000;    // ms before a request is sent again, for example after a kernel interrupt
const TYPED = 1000;        // ms after the last letter before an answer is asked for, so that it meets no other letter
const BUSY = 1000;         // ms without an answer before the kernel counts as busy
const SLOW = 200;          // ms before the panel opens with what the card knows
const GATHERED = 100;      // ms to collect failed pictures for one message
const SAID = 3000;         // ms to show what was copied
const DETAILED = 12;       // looks whose details are kept
const COMPARED = 4;        // looks side by side
const FIELDS = ["avatar_type", "gender", "orientation", "engine", "ownership", "status", "ready", "tag", "group_id"];

// What the parts of a view share, which inject it as `picker`. Its fields are replaced, never changed in place: a part renders again
// when a field that it reads is replaced. Names in the first block are those of the kernel's messages.
class Picker {
  constructor(root) {
    Object.assign(this, {
      filter: {}, show: "looks", opened: null, status: {}, choices: {}, found: {}, notice: "",
      changed: {}, wantedShow: null, chosen: [],   // fields of the filter, view and selection as clicked, until the kernel answers
      held: Object.create(null), details: Object.create(null), voices: new Map(),   // cards of the selected looks, and for the panel, by id
      detailed: null, compared: null,   // the id of the look in the panel, those of the looks side by side
      unfolded: false, known: false,   // whether the panel shows the video options, and whether the kernel has told what it knows of `compared`
      failed: new Set(),   // URLs, because a look may get another picture at any time
      code: null, exporting: false, copied: "", uncopied: "", said: "", busy: false, live: true, settled: false, width: 0,
    });
    this.root = root;   // has the traits, and the events as methods
    this.viewId = `${Date.now()}-${Math.random()}`;   // a picker can be displayed several times: answers repeat the view's id
    this.asked = this.awaited = "";   // the last event of the user until it is answered, and the last one with an answer requested
    this.events = 0;
    this.cleared = [];
    this.pictured = new Set();   // URLs of pictures that have loaded
    this.waiting = false;   // one request for cards at a time
    this.grid = this.filters = this.tray = this.panel = null;   // parts, when they are mounted
    this.informedFrom = null;   // where the panel was opened: a position in the grid, or null for the tray
    this.timers = {};
    this.gone = false;
  }

  static of(root) {
    const picker = shallowReactive(new Picker(root));
    picker.windows = shallowReactive(new Windows());
    picker.model = inject("viewCtx").getView().model;
    return picker;
  }

  start() {
    this.model.on("comm_live_update", this.followKernel, this);
    this.followKernel();
    Object.assign(this, { filter: this.root.filter, show: this.root.view });
    this.keepChosen(this.root.selected_ids);
    if (this.root.first_window.window) this.takeFirstWindow();
    else this.askWindow({ start: 0, count: FIRST_WINDOW });
  }

  stop() {
    this.gone = true;   // ipyvue still calls views that are gone
    this.model.off("comm_live_update", this.followKernel, this);
    Object.values(this.timers).forEach(clearTimeout);
  }

  // Without a kernel nothing can be sent, and no answer comes.
  followKernel() {
    this.live = this.model.comm_live !== false;
    if (this.live) return;
    Object.values(this.timers).forEach(clearTimeout);
    this.timers = {};
    this.busy = this.exporting = false;
  }

  send(event, data) {
    if (this.live) this.root[event](data);
  }

  later(name, ms, run) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(() => { delete this.timers[name]; run(); }, ms);
  }

  cancel(name) {
    clearTimeout(this.timers[name]);
    delete this.timers[name];
  }

  // -- what is shown --
  get problem() {
    return this.root.error || this.status.problem || "";
  }

  // There is only an error: without looks there is nothing to filter.
  get bare() {
    return !!this.problem && !this.status.loaded && !this.status.loading;
  }

  get filtered() {
    return Object.keys(this.filter).some(name => name !== "sort");
  }

  get wantedFilter() {
    if (!Object.keys(this.changed).length) return this.filter;
    return Object.fromEntries(Object.entries({ ...this.filter, ...this.changed }).filter(([, value]) => value !== null));
  }

  // Of a filter's field, with what was clicked.
  valuesOf(name) {
    const value = this.wantedFilter[name];
    return value === undefined || value === null ? [] : [value].flat();
  }

  // A value of a field of the filter, as its dropdown shows it.
  titleOf(name, value) {
    const item = (this.choices[name] || []).find(option => option.value === value);
    return item ? item.title : `${value}` || "Not specified";
  }

  // When everything is loaded, fields without any value have no dropdown.
  offers(name) {
    const settled = this.status.complete || (this.status.loaded > 0 && !this.status.loading);
    return name === "group_id" || !settled || (this.choices[name] || []).length > 0;
  }

  get selected() {
    return this.chosen.map(id => this.held[id] || { id, name: id, image: null });
  }

  get look() {
    return this.detailed === null ? null : this.details[this.detailed] || null;
  }

  // Of the width to the height of a look's picture, a square one without a size.
  ratio({ width, height }) {
    return width > 0 && height > 0 ? Math.min(2.5, Math.max(0.4, width / height)) : 1;
  }

  number(value) {
    return value.toLocaleString("en-US");
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

  // -- messages of the kernel --
  // The one message for everything that a view shows: answers to its requests, and news.
  update({ view, filter, show, opened, status, choices, window }) {
    if (view) {
      this.cancel("patience");
      this.waiting = false;
      this.heard();
    }
    if (status) {
      const differs = show !== this.show || JSON.stringify(filter) !== JSON.stringify(this.filter);
      Object.assign(this, { filter, show, opened, status, choices });
      if (differs && this.grid) this.grid.goToTop();
    }
    if (window) this.take(window);
    // Another version comes with its first window. The same one may have grown at its end.
    else if (status && status.version === this.windows.version) this.resize(status.shown);
  }

  take(window) {
    const { windows } = this;
    if (window.version < windows.version) return this.ask();
    if (window.version !== windows.version) this.failed = new Set();
    const other = windows.take(window);
    this.resize(window.version === this.status.version ? this.status.shown : window.shown);
    if (other && this.grid) this.grid.comeBack();
    if (!this.settled && !this.timers.settling) this.later("settling", SETTLED, () => this.rest());
    this.gatherFailed();
  }

  resize(matched) {
    this.windows.matched = matched;
    this.windows.changes += 1;
    this.ask();
    if (this.grid) this.grid.keepFocus();
  }

  // The kernel hands the first window to a view that is mounting, which saves a request.
  takeFirstWindow() {
    this.update(this.root.first_window);
    this.send("took_first_window", null);
  }

  rest() {
    this.settled = this.windows.rested = true;
    if (this.grid) this.grid.look();
  }

  ask() {
    const wanted = this.waiting || this.gone || !this.live || !this.grid ? null : this.windows.missing();
    if (wanted) this.askWindow(wanted);
  }

  askWindow(wanted) {
    this.waiting = true;
    this.later("patience", PATIENCE, () => { this.waiting = false; this.ask(); if (!this.waiting) this.heard(); });
    const { version, from, to } = this.windows;
    this.send("ask_window", { view: this.viewId, version, screen: to - from, first: !version, ...wanted });
    this.expectAnswer();
  }

  // -- events of the user --
  // They say what is wanted, which is shown once it is sent. A busy kernel handles them later, and its answer to the last one counts.
  submit(event, data = null, wait = 0) {
    this.send(event, data);
    this.events += 1;
    this.asked = `${this.viewId} ${this.events}`;
    if (!this.live) return;
    if (wait) this.later("asking", wait, () => this.askAnswer());
    else this.askAnswer();
  }

  askAnswer() {
    this.send("ask_answer", this.asked);
    this.awaited = this.asked;
    this.later("asking", PATIENCE, () => this.askAnswer());
    this.expectAnswer();
  }

  answered(answer) {
    if (!String(answer.view).startsWith(`${this.viewId} `)) return;
    if (answer.view === this.awaited) this.awaited = "";
    if (answer.view === this.asked) {
      this.cancel("asking");
      this.asked = "";
      this.changed = {};
      this.wantedShow = null;
      this.keepChosen(answer.ids);
    }
    this.heard();
  }

  expectAnswer() {
    if (this.live && !this.timers.expecting) this.later("expecting", BUSY, () => { this.busy = true; });
  }

  heard() {
    this.cancel("expecting");
    this.busy = false;
    if (this.awaited || this.waiting) this.expectAnswer();
  }

  // -- filter and view --
  change(changes) {
    const { search, ...shown } = changes;   // the search field itself shows what is typed
    if (search === "") shown.search = null;
    this.submit("set_filter", changes, Object.keys(shown).length ? 0 : TYPED);
    this.changed = { ...this.changed, ...shown };
  }

  clearFilter() {
    if (this.filters) this.filters.forget();
    this.change({ ...Object.fromEntries(FIELDS.map(name => [name, null])), search: "" });
  }

  setView(view) {
    this.submit("set_view", view);
    this.wantedShow = view;
  }

  openCharacter(id, position) {
    this.grid.noteWhere(position);
    this.submit("open_character", id);
  }

  showCharacter(groupId) {
    this.detailed = null;
    this.grid.noteWhere();
    this.submit("show_character", groupId);
    nextTick(() => this.grid.focus());   // the panel's button disappears
  }

  leaveCharacter() {
    this.grid.leave();
    this.submit("leave_character");
  }

  askOptions(field, query) {
    this.send("ask_options", { view: this.viewId, field, query });
  }

  notify(answer) {
    this.notice = answer.text;
  }

  // The search field's part sets it.
  focusSearch() {
    if (this.filters) this.filters.focusSearch();
  }

  options(answer) {
    this.found = { ...this.found, [answer.field]: answer };
  }

  // -- selection --
  keepChosen(ids) {
    if (JSON.stringify(ids) === JSON.stringify(this.chosen)) return;
    this.chosen = ids;
    this.holdSelected();
  }

  choose(id, selected = !this.chosen.includes(id)) {
    const others = this.chosen.filter(other => other !== id);
    this.submit("select", { id, selected });
    this.keepChosen(!selected ? others : this.root.multiple ? [...others, id] : [id]);
  }

  // Select all looks between two positions, besides some others.
  selectRange(from, to, kept = this.chosen) {
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    this.submit("select_range", { from: low, to: high, version: this.windows.version, kept });
    const ids = [];
    for (let p = low; p <= high && ids.length < LARGEST_WINDOW; p += 1) if (this.windows.looks.has(p)) ids.push(this.windows.looks.get(p).id);
    this.keepChosen([...new Set([...kept, ...ids.filter(id => id !== null)])].slice(0, LARGEST_WINDOW));
  }

  reorder(ids) {
    this.submit("order", ids);
    this.keepChosen(ids);
  }

  clearSelection() {
    this.submit("clear_selection");
    this.cleared = this.chosen;
    this.keepChosen([]);
  }

  restoreSelection() {
    this.submit("restore_selection");
    this.keepChosen(this.root.multiple ? this.cleared : this.cleared.slice(0, 1));
  }

  // The cards of the selected looks, which may be out of sight or not loaded at all.
  holdSelected() {
    const here = new Map([...this.windows.looks.values()].map(look => [look.id, look]));
    const held = Object.create(null);
    let absent = false;
    [...this.chosen, ...this.cleared].forEach(id => {   // cleared ones may come back
      const look = here.get(id) || this.held[id] || this.details[id];
      if (look) held[id] = look;
      else absent = true;
    });
    this.held = held;
    if (absent) this.send("ask_selected", this.viewId);
  }

  selectedCards(answer) {
    const ids = new Set(this.chosen);
    const held = Object.assign(Object.create(null), this.held);
    answer.looks.forEach(look => { if (ids.has(look.id)) held[look.id] = look; });
    this.held = held;
  }

  // -- details and comparison --
  // Open the panel of a look, which renders once: with all details, or with the card's if the kernel is slow.
  inform(look, position = null) {
    if (!look || look.character || look.id === null) return;
    this.informedFrom = position;
    if (look.id === this.detailed && this.panel) this.panel.focus();
    this.keepDetails([look]);
    this.later("opening", SLOW, () => this.open(look.id));
    this.opening = look.id;
    this.submit("ask_details", { view: this.viewId, ids: [look.id] });
    this.send("ask_voice", look.id);
  }

  open(id) {
    this.cancel("opening");
    this.opening = null;
    this.compared = null;
    this.detailed = id;
  }

  // The place of the next look in the grid, or in the selection if the panel was opened there; null without one.
  nextTo(by) {
    const [at, number] = this.informedFrom === null
      ? [this.chosen.indexOf(this.detailed), this.chosen.length] : [this.informedFrom, this.show === "looks" ? this.windows.matched : 0];
    return at + by >= 0 && at + by < number ? at + by : null;
  }

  step(by) {
    const at = this.nextTo(by);
    if (at === null) return;
    if (this.informedFrom === null) return this.inform(this.selected[at]);
    this.panel.reveal(at);
    this.grid.focused = at;
    this.inform(this.windows.at(at), at);
  }

  keepDetails(looks) {
    const ids = new Set(looks.map(look => look.id));
    const needed = new Set([...ids, this.detailed, this.opening, ...(this.compared || [])]);
    const others = Object.keys(this.details).filter(id => !ids.has(id));
    const kept = others.filter((id, at) => needed.has(id) || at >= others.length - DETAILED);
    const details = Object.create(null);   // an id may be the name of a property of every object
    kept.forEach(id => { details[id] = this.details[id]; });
    looks.forEach(look => { details[look.id] = { ...this.details[look.id], ...look }; });
    this.details = details;
  }

  detailsOf(answer) {
    this.keepDetails(answer.looks);
    if (this.opening !== null && answer.looks.some(look => look.id === this.opening)) this.open(this.opening);
    if (!answer.compared) return;
    this.known = true;
    answer.looks.forEach(look => this.askVoice(look));
  }

  askVoice(look) {
    if (look.voice_id && !this.voices.has(look.voice_id)) this.send("ask_voice", look.id);
  }

  voice(answer) {
    this.voices = new Map([...this.voices, [answer.id, answer.voice]].slice(-DETAILED));
  }

  closePanel() {
    const { detailed, informedFrom } = this;
    this.detailed = this.opening = null;
    this.cancel("opening");
    // Focus where it was opened: in the tray, or on a card.
    nextTick(() => { if (informedFrom !== null || !this.tray || !this.tray.focusLook(detailed)) this.grid.focus(); });
  }

  // Show up to four looks side by side.
  compare(ids) {
    this.detailed = this.opening = null;
    this.compared = ids.slice(0, COMPARED);
    this.known = false;
    this.submit("ask_details", { view: this.viewId, ids: this.compared, compared: true });
  }

  stopComparing() {
    // Don't take focus from another cell that changes the selection.
    const inside = this.root.$refs.root.contains(document.activeElement);
    this.compared = null;
    nextTick(() => { if (inside && !(this.tray && this.tray.focusCompare())) this.grid.focus(); });
  }

  // -- code, exports and the clipboard --
  askCode() {
    this.code = null;
    this.submit("ask_code", this.viewId);
  }

  codeOf(answer) {
    this.code = answer.python;
  }

  // Kinds: csv, excel, gallery and ids; of: selection or matches.
  export(kind, of) {
    this.exporting = true;
    this.send("export", { view: this.viewId, kind, of });
  }

  exported(answer, buffers) {
    this.exporting = false;
    this.notice = answer.problem || "";
    if (!buffers || !buffers.length) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(buffers, { type: answer.type }));
    link.download = answer.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), PATIENCE);
  }

  async copy(text) {
    this.copied = this.uncopied = this.said = "";
    const done = await copyText(text, this.root.$refs.root);
    this.copied = done ? text : "";
    this.uncopied = done ? "" : text;
    this.say(done ? "Copied" : "The browser does not allow copying: take the text from the field below");
  }

  // To a screen reader.
  say(text) {
    this.said = text;
    this.later("saying", SAID, () => { this.said = this.copied = ""; });
  }

  // -- lists --
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

  // -- pictures --
  pictureLoaded(image) {
    this.pictured.add(image);
    if (this.pictured.size > KEPT) this.pictured.delete(this.pictured.values().next().value);
    if (!this.settled && this.pictured.size >= FIRST_PICTURES) this.settled = true;
  }

  pictureFailed(image) {
    // Keep only the last ones: a URL may be a whole picture. Older ones are tried again.
    this.failed = new Set([...this.failed, image].slice(-KEPT));
    this.gatherFailed();
  }

  gatherFailed() {
    if (this.failed.size && !this.timers.gathering) this.later("gathering", GATHERED, () => this.reportFailed());
  }

  // The kernel may fetch newer URLs, for the pictures in sight first.
  reportFailed() {
    const { windows } = this;
    const seen = [];
    const above = [];
    for (let p = windows.from; p < windows.to; p += 1) {
      const look = windows.looks.get(p);
      if (look && this.failed.has(look.image)) (p < this.grid.topPosition ? above : seen).push(look.id);
    }
    for (const look of [this.look, ...(this.compared || []).map(id => this.details[id]), ...this.selected]) {
      if (look && look.image && this.failed.has(look.image) && !seen.includes(look.id)) seen.push(look.id);
    }
    if (seen.length || above.length) this.send("previews_failed", [...seen, ...above]);
  }

  renewed(answer) {
    const images = new Map(Object.entries(answer.images));
    for (const name of ["held", "details"]) {
      const kept = Object.assign(Object.create(null), this[name]);
      images.forEach((image, id) => { if (kept[id]) kept[id] = { ...kept[id], image }; });
      this[name] = kept;
    }
    this.windows.renew(images);
  }
}
