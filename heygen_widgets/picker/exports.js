const EXPORTS = [
  ["csv", "CSV", "mdi-file-delimited-outline"], ["excel", "Excel", "mdi-file-excel-outline"], ["gallery", "Gallery page", "mdi-image-multiple-outline"],
  ["ids", "Ids, as text", "mdi-identifier"],
];

// Files that the kernel makes of the selection or the matches.
class Exports {
  constructor(picker) {
    Object.assign(this, { picker, running: false, problem: "" });
  }

  // The downloads of the selection or of all matches, as a group of a menu.
  group(of, number) {
    const { picker, running } = this;
    const what = of === "matches" ? `all ${picker.number(number)} matches` : `the selection of ${picker.number(number)}`;
    const items = EXPORTS.map(([kind, title, icon]) => ({ title, icon, disabled: running || !number, run: () => this.start(kind, of) }));
    return { label: running ? "Preparing the export…" : `Export ${what}`, items };
  }

  start(kind, of) {
    this.running = true;
    this.picker.kernel.send("export", { view: this.picker.kernel.viewId, kind, of });
  }

  take(answer, buffers) {
    this.running = false;
    this.problem = answer.problem || "";
    if (buffers && buffers.length) saveFile(new Blob(buffers, { type: answer.type }), answer.name);
  }
}
