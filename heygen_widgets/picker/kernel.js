const PATIENCE = 10000;    // ms before a request is sent again, for example after a kernel interrupt
const BUSY = 1000;         // ms without an answer before the kernel counts as busy

// The connection of a view to its kernel: events with an answer, and timers that end with the view.
class Kernel {
  constructor(picker) {
    Object.assign(this, { live: true, busy: false });
    this.picker = picker;
    this.model = inject("viewCtx").getView().model;
    this.viewId = `${Date.now()}-${Math.random()}`;   // a picker can be displayed several times: answers repeat the view's id
    this.asked = this.awaited = "";   // the last event of the user until it is answered, and the last one with an answer requested
    this.events = 0;
    this.timers = {};   // by name; while there is one called "patience", no other cards are requested
    this.gone = false;
  }

  start() {
    this.model.on("comm_live_update", this.follow, this);
    this.follow();
  }

  stop() {
    this.gone = true;   // ipyvue still calls views that are gone
    this.model.off("comm_live_update", this.follow, this);
    this.forget();
  }

  // Without a kernel nothing can be sent, and no answer comes.
  follow() {
    this.live = this.model.comm_live !== false;
    if (!this.live) this.forget();
  }

  forget() {
    Object.values(this.timers).forEach(clearTimeout);
    this.timers = {};
    this.busy = false;
  }

  later(name, ms, run) {
    clearTimeout(this.timers[name]);
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
    this.expect();
  }

  answered(answer) {
    if (answer.view === this.awaited) this.awaited = "";
    if (answer.view === this.asked) {
      this.cancel("asking");
      this.asked = "";
      this.picker.answered(answer);
    }
    this.heard();
  }

  // Ask for cards, and again if no answer comes.
  askWindow(wanted, again) {
    this.later("patience", PATIENCE, () => { again(); if (!this.timers.patience) this.heard(); });
    this.send("ask_window", { view: this.viewId, ...wanted });
    this.expect();
  }

  gotWindow() {
    this.cancel("patience");
    this.heard();
  }

  expect() {
    if (this.live && !this.timers.expecting) this.later("expecting", BUSY, () => { this.busy = true; });
  }

  heard() {
    this.cancel("expecting");
    this.busy = false;
    if (this.awaited || this.timers.patience) this.expect();
  }
}
