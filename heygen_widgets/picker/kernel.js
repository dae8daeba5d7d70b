const PATIENCE = 10000;    // ms before a request is sent again, for example after a kernel interrupt
const BUSY = 1000;         // ms without an answer before the kernel counts as busy

// The connection of a view to its kernel: events, requests with an answer, and timers that end with the view.
class Kernel {
  constructor(picker) {
    Object.assign(this, { live: true, busy: false, picker });
    this.model = inject("viewCtx").getView().model;
    this.viewId = `${Date.now()}-${Math.random()}`;   // a picker can be displayed several times: answers repeat the view's id
    this.asked = "";    // the last event of the user, until it is answered
    this.timers = {};   // by name; "window" and "answer" while the kernel owes one
  }

  start() {
    this.model.on("comm_live_update", this.follow, this);
    this.follow();
  }

  stop() {
    this.model.off("comm_live_update", this.follow, this);
    this.follow(null, false);
  }

  // Without a kernel nothing can be sent, and no answer comes.
  follow(model, live = this.model.comm_live !== false) {
    this.live = live;
    if (live) return;
    Object.keys(this.timers).forEach(name => this.cancel(name));
    this.busy = false;
  }

  later(name, ms, run) {
    this.cancel(name);
    this.timers[name] = setTimeout(() => { delete this.timers[name]; run(); }, ms);
  }

  cancel(name) {
    clearTimeout(this.timers[name]);
    delete this.timers[name];
  }

  send(event, data = null) {
    if (this.live) this.picker.root[event](data);
  }

  // Events of the user say what is wanted, which is shown once it is sent. A busy kernel handles them later, and its answer to the last one
  // counts.
  submit(event, data = null) {
    this.send(event, data);
    this.asked = `${this.viewId} ${Math.random()}`;
    this.askAnswer();
  }

  askAnswer() {
    this.send("ask_answer", this.asked);
    this.expect("answer", () => this.askAnswer());
  }

  answered({ view, ids }) {
    this.heard(view === this.asked ? "answer" : "busy");
    if (view !== this.asked) return;
    this.asked = "";
    Object.assign(this.picker, { changed: {}, wantedShow: null });   // now the kernel's values count
    this.picker.keepChosen(ids);
  }

  // A request was sent. Without an answer it is repeated, if it is still needed.
  expect(name, repeat) {
    if (!this.live) return;
    this.later(name, PATIENCE, () => { repeat(); if (!this.timers[name]) this.heard(name); });
    if (!this.timers.busy) this.later("busy", BUSY, () => { this.busy = true; });
  }

  heard(name) {
    this.cancel(name);
    this.cancel("busy");
    this.busy = false;
  }
}
