const FIRST_WINDOW = 24;   // looks, about one screen
const SETTLED = 400;       // ms after the first looks, or other ones, before hidden rows and other pictures load
const TYPED = 1000;        // ms after the last letter before an answer is asked for, so that it meets no other letter
const SAID = 3000;         // ms to show what was copied
const FIELDS = ["avatar_type", "gender", "orientation", "engine", "ownership", "status", "ready", "tag", "group_id", "sort"];
const NO_FILTER = { ...Object.fromEntries(FIELDS.map(name => [name, null])), search: "" };

// What the parts of a view share, which inject it as `picker`. Fields are replaced, never changed in place: a part renders again when a
// field that it reads is replaced. Names in the first line are those of the kernel's messages.
class Picker {
  constructor(root) {
    Object.assign(this, {
      filter: {}, show: "looks", opened: null, status: {}, choices: {}, found: {}, notice: "",
      changed: {}, wantedShow: null, chosen: [],   // fields of the filter, view and selection as clicked, until the kernel answers
      cleared: [], removed: null,   // the selection before the last look was deselected, and the filter before a part was removed
      held: new Map(),   // cards of the selected looks, by id
      copied: "", uncopied: "", said: "", settled: false, width: 0,
    });
    this.root = root;   // has the traits
    this.grid = this.filters = this.tray = null;   // parts, when they are mounted
    this.undoesFilter = false;   // whether that was removed last
    this.besides = this.chosen;   // what is selected besides the last range
  }

  static of(root) {
    const picker = shallowReactive(new Picker(root));
    picker.windows = shallowReactive(new Windows());
    Object.entries({ kernel: Kernel, keys: Keys, details: Details, exports: Exports, pictures: Pictures }).forEach(([name, Part]) => {
      picker[name] = shallowReactive(new Part(picker));
    });
    return picker;
  }

  start() {
    this.kernel.start();
    Object.assign(this, { filter: this.root.filter, show: this.root.view });
    this.keepChosen(this.root.selected_ids);
    if (this.root.first_window.window) this.takeFirstWindow();
    else this.askWindow({ start: 0, count: FIRST_WINDOW });
  }

  // -- what is shown --
  get problem() {
    return this.root.error || this.status.problem || "";
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
    return this.chosen.map(id => this.held.get(id) || { id, name: id, image: null });
  }

  number(value) {
    return value.toLocaleString("en-US");
  }

  // -- messages of the kernel --
  // The one message for everything that a view shows: answers to its requests, and news.
  update({ view, filter, show, opened, status, choices, window }) {
    if (view) this.kernel.gotWindow();
    if (status) {
      const differs = show !== this.show || JSON.stringify(filter) !== JSON.stringify(this.filter);
      const loaded = status.loadedAt !== this.status.loadedAt;
      Object.assign(this, { filter, show, opened, status, choices });
      if (differs || loaded) this.pictures.failed = new Set();
      if (loaded) this.askAgain();
      if (differs && !this.kernel.asked) this.removed = null;   // Python has set another one
      if (differs && this.grid) this.grid.goToTop();
    }
    if (window) this.take(window);
    // Another version comes with its first window. The same one may have grown at its end.
    else if (status && status.version === this.windows.version) this.resize(status.shown);
  }

  take(window) {
    const { windows } = this;
    if (window.version < windows.version) return this.ask();
    const other = windows.take(window);
    if (other) windows.rested = false;
    this.resize(window.version === this.status.version ? this.status.shown : window.shown);
    if (other && this.grid) this.grid.comeBack();
    if (other || (!this.settled && !this.kernel.timers.settling)) this.kernel.later("settling", SETTLED, () => this.rest());
    this.pictures.gather();
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
    this.kernel.model.attributes.first_window = {};   // a notebook that is saved now holds no picture's URL
    this.kernel.send("took_first_window", null);
  }

  // After a load, what is selected or open may have changed.
  askAgain() {
    const { chosen, kernel, details: { opened, compared } } = this;
    const ids = [opened, ...(compared || [])].filter(id => id !== null);
    if (chosen.length) kernel.send("ask_selected", kernel.viewId);
    if (ids.length) kernel.send("ask_details", { view: kernel.viewId, ids });
  }

  rest() {
    this.settled = this.windows.rested = true;
    if (this.grid) this.grid.look();
  }

  ask() {
    const { live, timers, gone } = this.kernel;
    const wanted = live && !timers.patience && !gone && this.grid ? this.windows.missing() : null;
    if (wanted) this.askWindow(wanted);
  }

  askWindow(wanted) {
    const { version, from, to } = this.windows;
    this.kernel.askWindow({ version, screen: to - from, first: !version, ...wanted }, () => this.ask());
  }

  // To the last event of the user: now the kernel's values count.
  answered(answer) {
    this.changed = {};
    this.wantedShow = null;
    this.keepChosen(answer.ids, [], this.besides === this.chosen ? answer.ids : this.besides);
  }

  // -- filter and view --
  change(changes) {
    const { search, ...shown } = changes;   // the search field itself shows what is typed
    if (search === "") shown.search = null;
    this.kernel.submit("set_filter", changes, Object.keys(shown).length ? 0 : TYPED);
    this.changed = { ...this.changed, ...shown };
    this.removed = null;
    this.details.compared = null;   // the grid shows the matches
  }

  remove(changes) {
    const removed = this.wantedFilter;
    this.change(changes);
    Object.assign(this, { removed, undoesFilter: true });
  }

  clearFilter() {
    if (this.filters) this.filters.forget();
    this.remove(NO_FILTER);
  }

  restoreFilter() {
    this.change({ ...NO_FILTER, ...this.removed });
  }

  undo() {
    if (this.removed && (this.undoesFilter || !this.cleared.length)) this.restoreFilter();
    else if (this.cleared.length) this.restoreSelection();
  }

  setView(view) {
    this.kernel.submit("set_view", view);
    this.wantedShow = view;
    this.details.compared = null;
  }

  openCharacter(id, position) {
    this.grid.noteWhere(position);
    this.kernel.submit("open_character", id);
  }

  showCharacter(groupId) {
    this.details.show(null);
    this.details.compared = null;
    this.grid.noteWhere();
    this.kernel.submit("show_character", groupId);
    nextTick(() => this.grid.focus());   // the panel's button disappears
  }

  leaveCharacter() {
    this.grid.leave();
    this.kernel.submit("leave_character");
  }

  notify(answer) {
    this.notice = answer.text;
  }

  focusSearch(marked = false) {
    if (this.filters) this.filters.focusSearch(marked);
  }

  options(answer) {
    this.found = { ...this.found, [answer.field]: answer };
  }

  // -- selection --
  keepChosen(ids, cleared = [], besides = ids) {
    if (JSON.stringify(ids) === JSON.stringify(this.chosen)) return;
    Object.assign(this, { chosen: ids, cleared, besides });
    if (cleared.length) this.undoesFilter = false;
    this.holdSelected();
  }

  choose(id, selected = !this.chosen.includes(id)) {
    const others = this.chosen.filter(other => other !== id);
    this.kernel.submit("select", { id, selected });
    if (selected) this.keepChosen(this.root.multiple ? [...others, id] : [id]);
    else this.keepChosen(others, this.chosen);
  }

  // Select all looks between two positions, besides those that were selected before: a range can shrink.
  selectRange(from, to) {
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    const kept = this.besides;
    this.kernel.submit("select_range", { from: low, to: high, version: this.windows.version, kept });
    const ids = [];
    for (let p = low; p <= high && ids.length < LARGEST_WINDOW; p += 1) if (this.windows.looks.has(p)) ids.push(this.windows.looks.get(p).id);
    this.keepChosen([...new Set([...kept, ...ids.filter(id => id !== null)])].slice(0, LARGEST_WINDOW), [], kept);
  }

  selectAll() {
    this.besides = this.chosen;
    this.selectRange(0, this.windows.matched - 1);
  }

  // After a look was moved.
  reorder(ids, id) {
    if (ids.join() === this.chosen.join()) return;
    this.kernel.submit("order", ids);
    this.keepChosen(ids);
    this.say(`Moved to place ${ids.indexOf(id) + 1} of ${ids.length}`);
  }

  clearSelection() {
    this.kernel.submit("clear_selection");
    this.keepChosen([], this.chosen);
  }

  restoreSelection() {
    const { chosen, cleared, kernel } = this;
    if (!chosen.length) kernel.submit("restore_selection");
    else {
      kernel.submit("select", { id: cleared.find(id => !chosen.includes(id)), selected: true });
      kernel.submit("order", cleared);
    }
    this.keepChosen(this.root.multiple ? cleared : cleared.slice(0, 1));
  }

  // The cards of the selected looks, which may be out of sight or not loaded at all.
  holdSelected() {
    const wanted = new Set([...this.chosen, ...this.cleared]);   // cleared ones may come back
    const known = [...Object.values(this.details.records), ...this.held.values(), ...this.windows.looks.values()];
    this.held = new Map(known.filter(look => wanted.has(look.id)).map(look => [look.id, look]));
    if (this.held.size < wanted.size) this.kernel.send("ask_selected", this.kernel.viewId);
  }

  selectedCards(answer) {
    this.held = new Map([...this.held, ...answer.looks.map(look => [look.id, look])]);
  }

  // -- the clipboard --
  async copy(text) {
    this.copied = this.uncopied = this.said = "";
    const done = await copyText(text, this.root.$refs.root);
    this.copied = done ? text : "";
    this.uncopied = done ? "" : text;
    this.say(done ? "Copied" : "The browser does not allow copying: take the text from the field below");
  }

  say(text) {
    this.said = text;
    this.kernel.later("saying", SAID, () => { this.said = this.copied = ""; });
  }
}
