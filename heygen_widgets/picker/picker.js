const FIRST_WINDOW = 24;   // looks, about one screen
const SETTLED = 400;       // ms after the first looks before all parts and pictures show
const SAID = 3000;         // ms to show what was copied
const LABELS = {
  avatar_type: "Type", gender: "Gender", orientation: "Orientation", engine: "Engine", ready: "Ready", ownership: "Ownership", tag: "Tag",
  group_id: "Character",
};

// What the parts of a view share, which inject it as `picker`. Fields are replaced, never changed in place: a part renders again when a
// field that it reads is replaced. Names in the first line are those of the kernel's messages.
class Picker {
  constructor(root, parts) {
    Object.assign(this, {
      filter: {}, show: "looks", opened: null, status: {}, choices: {}, found: {}, notice: "",
      changed: {}, wantedShow: null, chosen: [],   // fields of the filter, view and selection as clicked, until the kernel answers
      cleared: [], removed: null,   // the selection before the last look was deselected, and the filter before a part was removed
      held: new Map(),              // cards of the selected looks, by id
      copied: "", uncopied: "", said: "", drawn: false, settled: false, width: 0,
      besides: [], shown: "",       // what is selected besides the last range; the filter and view
      search: "", focusSearch: () => {}, grid: null,   // what is typed; set by parts when they are mounted
      root, parts, labels: LABELS,   // has the traits; the components; of the filter's fields
    });
  }

  static of(root, parts) {
    const picker = shallowReactive(new Picker(root, parts));
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
    else this.ask({ start: 0, count: FIRST_WINDOW });
  }

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
    return [this.wantedFilter[name] ?? []].flat();
  }

  // A value of a field of the filter, as its dropdown shows it.
  titleOf(name, value) {
    const item = (this.choices[name] || []).find(option => option.value === value);
    return item ? item.title : `${value}` || "Not specified";
  }

  // When everything is loaded, fields without any value have no dropdown.
  offers(name) {
    const { complete, loaded, loading } = this.status;
    return name === "group_id" || !(complete || (loaded > 0 && !loading)) || (this.choices[name] || []).length > 0;
  }

  get selected() {
    return this.chosen.map(id => this.held.get(id) || { id, name: id, image: null });
  }

  number(value) {
    return value.toLocaleString("en-US");
  }

  // The one message for everything that a view shows: answers to its requests, and news.
  update({ view, filter, show, opened, status, choices, window }) {
    if (view) this.kernel.heard("window");
    if (status) {
      const before = this.shown;
      const loaded = status.loadedAt !== this.status.loadedAt;
      Object.assign(this, { filter, show, opened, status, choices, shown: JSON.stringify([filter, show, opened]) });
      const differs = this.shown !== before;
      if (differs || loaded) this.pictures.failed.clear();
      if (loaded && this.chosen.length) this.kernel.send("ask_selected", this.kernel.viewId);   // they may have changed
      if (differs && !this.kernel.asked) this.removed = null;   // Python has set another one
      if (differs) this.grid?.turn(before, this.shown);
    }
    if (window) this.take(window);
    // Another version comes with its first window. The same one may have grown at its end.
    else if (status && status.version === this.windows.version) this.resize(status.shown);
  }

  take(window) {
    const { kernel, status, windows } = this;
    if (windows.take(window)) {
      // Names and counts are painted first, hidden rows and pictures that are not loaded yet from the next frame on.
      windows.fresh = true;
      if (this.settled) requestAnimationFrame(() => setTimeout(() => this.rest()));
      else kernel.later("settling", SETTLED, () => this.rest());
    }
    this.resize(window.version === status.version ? status.shown : window.shown);
    this.pictures.gather();
  }

  resize(matched) {
    this.windows.matched = matched;
    this.ask();
    this.grid?.keepFocus();
  }

  // The kernel hands the first window to a view that is mounting, which saves a request.
  takeFirstWindow() {
    this.update(this.root.first_window);
    this.kernel.model.attributes.first_window = {};   // a notebook that is saved now holds no picture's URL
    this.kernel.send("took_first_window");
  }

  rest() {
    this.settled = true;
    this.windows.fresh = false;
    this.grid?.look();
  }

  ask(wanted = this.windows.missing()) {
    const { kernel, windows: { version, from, to } } = this;
    if (!wanted || kernel.timers.window) return;
    kernel.send("ask_window", { view: kernel.viewId, screen: to - from, first: !version, ...wanted });
    kernel.expect("window", () => this.ask());
  }

  change(changes, removed = null) {
    const { search, ...shown } = changes;   // the search field itself shows what is typed
    if (search === "") shown.search = null;
    this.kernel.submit("set_filter", changes);
    Object.assign(this, { changed: { ...this.changed, ...shown }, removed });
    this.details.compared = null;   // the grid shows the matches
    this.grid.places.clear();
  }

  remove(changes) {
    this.change(changes, this.wantedFilter);
    this.undoesFilter = true;   // the last thing that was removed
  }

  get noFilter() {
    return { ...Object.fromEntries(Object.keys(this.wantedFilter).map(name => [name, null])), search: "" };
  }

  clearFilter() {
    this.search = "";
    this.remove(this.noFilter);
  }

  restoreFilter() {
    this.change({ ...this.noFilter, ...this.removed });
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

  showCharacter(groupId) {
    this.details.show(null);
    this.details.compared = null;
    this.kernel.submit("show_character", groupId);
    nextTick(() => this.grid.focus());   // the panel's button disappears
  }

  leaveCharacter() {
    if (this.root.$refs.root.contains(document.activeElement)) this.grid.focus();   // the button disappears
    this.kernel.submit("leave_character");
  }

  keepChosen(ids, cleared = []) {
    if (JSON.stringify(ids) === JSON.stringify(this.chosen)) return;
    Object.assign(this, { chosen: ids, cleared, besides: ids });
    if (cleared.length) this.undoesFilter = false;
    this.hold([...this.details.records.values(), ...this.windows.looks.values()].filter(look => ids.includes(look.id)));
    if (ids.some(id => !this.held.has(id))) this.kernel.send("ask_selected", this.kernel.viewId);
  }

  // Keep the cards of looks that are or were selected, which may be out of sight or not loaded at all.
  hold(looks) {
    this.held = new Map([...this.held, ...looks.map(look => [look.id, look])]);
  }

  choose(id, selected = !this.chosen.includes(id)) {
    const others = this.chosen.filter(other => other !== id);
    this.kernel.submit("select", { id, selected });
    if (selected) this.keepChosen(this.root.multiple ? [...others, id] : [id]);
    else this.keepChosen(others, this.chosen);
  }

  // Select all looks between two positions, besides those that were selected before: a range can shrink.
  selectRange(one, other) {
    const { besides: kept, windows } = this;
    const [from, to] = [Math.min(one, other), Math.max(one, other)];
    this.kernel.submit("select_range", { from, to, version: windows.version, kept });
    const ids = windows.between(from, to + 1).map(look => look.id).filter(id => id !== null).slice(0, LARGEST_WINDOW);
    this.keepChosen([...new Set([...kept, ...ids])].slice(0, LARGEST_WINDOW));
    this.besides = kept;
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
    else kernel.submit("select", { id: cleared.find(id => !chosen.includes(id)), selected: true });
    kernel.submit("order", cleared);
    this.keepChosen(this.root.multiple ? cleared : cleared.slice(0, 1));
  }

  async copy(text, what = text) {
    this.copied = this.said = "";
    const done = await copyText(text);
    this.uncopied = done ? "" : "The browser does not allow copying. Python can: picker.code(), picker.selected_ids.";
    if (!done) return;
    this.copied = what;
    this.say("Copied");
  }

  say(text) {
    this.said = text;
    this.kernel.later("saying", SAID, () => { this.said = this.copied = ""; });
  }
}
