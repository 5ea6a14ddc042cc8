// The launch that is chosen: spans of its pipes, flags, on-chip buffers, and what each queue does.

const PIPES = ["S", "V", "M", "MTE1", "MTE2", "MTE3", "FIX"];
const PIPE_ORDER = ["MTE2", "MTE1", "M", "FIX", "V", "MTE3"];
const ROW = 17;

class LaunchView {
  constructor(data, plots, programs) {
    this.data = data;
    this.plots = plots;
    this.programs = programs;
    this.tables = new Map();
    this.position = null;
    byId("previous-launch").addEventListener("click", () => this.step(-1));
    byId("next-launch").addEventListener("click", () => this.step(1));
    byId("core-choice").addEventListener("change", () => this.showSpans(true));
    byId("show-arrows").addEventListener("change", () => this.showSpans(false));
    const { colors, words } = data;
    const used = new Set(data.profile.kernels.flatMap((kernel) => kernel.queues.flatMap((queue) => Object.keys({ ...queue.waits, ...queue.shortages }))));
    byId("wait-legend").replaceChildren(
      ...Object.entries(words).filter(([name]) => used.has(name)).map(([name, text]) => swatch(colors.waits[name], `waits for ${text}`)),
    );
    byId("pipe-legend").replaceChildren(
      swatch(colors.launch, "launching"),
      ...PIPE_ORDER.concat("S").map((pipe) => swatch(colors.pipes[pipe], pipe)),
    );
  }

  // Launches of the same kernel, for the buttons.
  siblings() {
    const { kernel } = this.data.launches[this.position];
    return this.data.launches.flatMap((launch, at) => (launch.kernel === kernel ? [at] : []));
  }

  step(by) {
    const own = this.siblings();
    this.chosen(own[own.indexOf(this.position) + by]);
  }

  async show(position) {
    this.position = position;
    const launch = this.data.launches[position];
    const record = this.data.records[launch.record];
    this.record = record;
    const own = this.siblings();
    const place = own.indexOf(position);
    byId("launch-title").textContent = `${launch.kernel}, its launch ${place + 1} of ${own.length}`;
    byId("previous-launch").disabled = place === 0;
    byId("next-launch").disabled = place === own.length - 1;
    const us = fixed(launch.cycles / this.data.profile.clock_mhz, 2);
    byId("launch-facts").textContent = `launch ${position} of the program; ${fixed(launch.cycles, 0)} cycles, ${us} us; ${record.cores.length} cores`;
    const same = launch.cycles === record.cycles && this.data.launches[record.launch].kernel === launch.kernel;
    byId("launch-note").textContent = same ? "" : `Its pipes are shown as in launch ${record.launch} (${fixed(record.cycles, 0)} cycles).`;
    this.showQueues();
    this.showBuffers();
    if (!this.tables.has(launch.record)) {
      const tables = await Promise.all([unpackedArrays(record.spans), unpackedArrays(record.arrows)]);
      this.tables.set(launch.record, tables);
    }
    if (this.position !== position) return; // another was chosen meanwhile
    this.offerCores();
    this.showSpans(true);
  }

  offerCores() {
    const { cores, detail } = this.record;
    const choice = byId("core-choice");
    const before = choice.value;
    const blocks = [...new Set(cores.map(([, , block]) => block))];
    const slowest = cores[detail[0]][2];
    const options = [["slowest", `the slowest block (${slowest}), every instruction`], ["all", "all, neighbours merged"]];
    for (const block of blocks) options.push([`${block}`, `block ${block}`]);
    choice.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
    choice.value = options.some(([value]) => value === before) ? before : "slowest";
  }

  shownCores() {
    const { cores, detail } = this.record;
    const choice = byId("core-choice").value;
    if (choice === "slowest") return detail;
    return cores.flatMap(([, , block], at) => (choice === "all" || `${block}` === choice ? [at] : []));
  }

  coreName(at) {
    const [kind, number] = this.record.cores[at];
    return `${kind} ${number}`;
  }

  showSpans(reset) {
    const [spans, arrows] = this.tables.get(this.data.launches[this.position].record);
    const rows = this.rows(spans);
    const columns = Object.fromEntries(["left", "right", "top", "bottom", "color", "name", "where", "text", "op", "cycles", "moved", "before", "source"].map((name) => [name, []]));
    const last = new Map();
    const flags = this.flags(arrows);
    for (let at = 0; at < spans.length; at++) {
      const key = spans.core[at] * 8 + spans.pipe[at];
      const row = rows.get(key);
      if (row === undefined) continue;
      this.addSpan(columns, spans, at, row, last.get(key) ?? 0, flags.get(key));
      last.set(key, spans.end[at]);
    }
    this.plots.source("spans").data = columns;
    this.plots.source("arrows").data = this.arrowColumns(arrows, rows);
    this.plots.rows("core-timeline", [...rows.keys()].map((key) => `${this.coreName(key >> 3)} ${PIPES[key & 7]}`), ROW);
    if (reset) this.plots.range("core-timeline", 0, this.record.cycles);
  }

  // Core and pipe -> row, for the cores that are shown.
  rows(spans) {
    const present = new Set();
    for (let at = 0; at < spans.length; at++) present.add(spans.core[at] * 8 + spans.pipe[at]);
    const rows = new Map();
    for (const core of this.shownCores()) {
      for (const pipe of PIPE_ORDER) {
        const key = core * 8 + PIPES.indexOf(pipe);
        if (present.has(key)) rows.set(key, rows.size);
      }
    }
    return rows;
  }

  // Core and pipe -> the flags that it took, by the time they were taken.
  flags(arrows) {
    const taken = new Map();
    for (let at = 0; at < arrows.length; at++) {
      const key = arrows.target_core[at] * 8 + arrows.target_pipe[at];
      if (!taken.has(key)) taken.set(key, new Map());
      const other = arrows.source_core[at] !== arrows.target_core[at];
      const from = `${other ? `${this.coreName(arrows.source_core[at])} ` : ""}${PIPES[arrows.source_pipe[at]]}`;
      const known = taken.get(key).get(arrows.arrives[at]);
      taken.get(key).set(arrows.arrives[at], known ? `${known}, ${from}` : from);
    }
    return taken;
  }

  addSpan(columns, spans, at, row, free, flags) {
    const { kernel } = this.data.launches[this.position];
    const kind = this.record.cores[spans.core[at]][0];
    const pipe = PIPES[spans.pipe[at]];
    const [mnemonic, text, op, source] = this.programs[kernel][kind][spans.index[at]];
    const [start, end, count] = [spans.start[at], spans.end[at], spans.count[at]];
    const idle = start - free;
    const flag = flags?.get(start);
    columns.left.push(start);
    columns.right.push(end);
    columns.top.push(row - 0.42);
    columns.bottom.push(row + 0.42);
    columns.color.push(this.data.colors.pipes[pipe]);
    columns.name.push(count > 1 ? `${count} instructions, the first: ${mnemonic}` : mnemonic);
    columns.where.push(`${pipe} of ${this.coreName(spans.core[at])}`);
    columns.text.push(text);
    columns.op.push(op || "-");
    columns.cycles.push(count > 1 ? `${fixed(end - start)} cycles, ${fixed(spans.busy[at])} of them busy` : `${fixed(end - start)} cycles`);
    columns.moved.push(spans.bytes[at] ? `${bytes(spans.bytes[at])} (${fixed(spans.bytes[at] / (end - start))} a cycle)` : "-");
    columns.before.push(idle > 0.5 ? `${fixed(idle)} cycles idle${flag ? `, waiting for a flag of ${flag}` : ""}` : flag ? `a flag of ${flag}` : "no pause");
    columns.source.push(source ? shortSource(source) : "-");
  }

  arrowColumns(arrows, rows) {
    const columns = { x0: [], y0: [], x1: [], y1: [], color: [] };
    if (!byId("show-arrows").checked) return columns;
    for (let at = 0; at < arrows.length; at++) {
      const from = rows.get(arrows.source_core[at] * 8 + arrows.source_pipe[at]);
      const to = rows.get(arrows.target_core[at] * 8 + arrows.target_pipe[at]);
      if (from === undefined || to === undefined) continue;
      columns.x0.push(arrows.leaves[at]);
      columns.y0.push(from);
      columns.x1.push(arrows.arrives[at]);
      columns.y1.push(to);
      columns.color.push(arrows.source_core[at] === arrows.target_core[at] ? "#1d2430" : "#c9305f");
    }
    return columns;
  }

  showBuffers() {
    const shown = [...this.record.buffers];
    const names = [...new Set(shown.map((buffer) => this.coreName(buffer.core)))];
    byId("buffer-core").textContent = names.join(", ") || "no core";
    const cut = shown.some((buffer) => !buffer.complete) ? " Only the first instructions of a core are followed." : "";
    const fullest = new Map();
    for (const buffer of shown) {
      if (!fullest.has(buffer.space) || fullest.get(buffer.space).peak < buffer.peak) fullest.set(buffer.space, buffer);
    }
    const peaks = [...fullest.values()].map((buffer) => `${buffer.space.toUpperCase()} ${percent(buffer.peak / buffer.capacity)} of ${fixed(buffer.capacity / 1024, 0)} KiB`);
    byId("buffer-note").textContent = `Fullest: ${peaks.join(", ")}.${cut}`;
    for (const space of Object.keys(this.data.colors.memories)) {
      const buffer = fullest.get(space);
      const x = buffer ? [...buffer.times, this.record.cycles] : [];
      const sizes = buffer ? [...buffer.bytes, buffer.bytes.at(-1)] : [];
      this.plots.source(`occupancy-${space}`).data = {
        x,
        y: sizes.map((size) => (100 * size) / buffer.capacity),
        kib: sizes.map((size) => size / 1024),
      };
    }
  }

  showQueues() {
    const run = this.record.cycles;
    const tables = [...new Set(this.record.queues.map((queue) => queue.core))].map((core) => {
      const rows = this.record.queues
        .filter((queue) => queue.core === core)
        .sort((a, b) => PIPE_ORDER.concat("S").indexOf(a.pipe) - PIPE_ORDER.concat("S").indexOf(b.pipe))
        .map((queue) => this.queueRow(queue, run));
      return element("table", {}, element("tbody", {}, ...rows));
    });
    byId("queues").replaceChildren(...tables);
  }

  queueRow(queue, run) {
    const reasons = Object.entries(queue.reasons).sort((a, b) => b[1] - a[1]).slice(0, 3);
    const text = reasons.filter(([, cycles]) => cycles > 0).map(([reason, cycles]) => `${reason} ${percent(cycles / run)}`);
    return element(
      "tr",
      { title: `busy ${fixed(queue.busy)} cycles, on the slowest core ${fixed(queue.slowest)}; ${text.join(", ")}` },
      element("td", { class: "left" }, `${queue.core} ${queue.pipe}`),
      element("td", {}, percent(queue.busy / run)),
      element("td", { class: "wide" }, queueBar(queue, run, this.data)),
      element("td", { class: "left faint" }, text[0] ?? ""),
    );
  }
}
