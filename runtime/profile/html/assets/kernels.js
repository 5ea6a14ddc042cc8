// Tiles, advice, and the table of kernels.

function showTiles({ profile, launches, hbm_gb_per_s }) {
  const hbm = profile.hbm_bytes / (profile.time_us * 1e3) / hbm_gb_per_s;
  const reads = profile.kernels.reduce((sum, kernel) => sum + kernel.l2_hit * kernel.gm_read_bytes, 0);
  const limits = new Map();
  for (const kernel of profile.kernels) limits.set(kernel.bound, (limits.get(kernel.bound) ?? 0) + kernel.cycles);
  const [bound, cycles] = [...limits].sort((a, b) => b[1] - a[1])[0] ?? ["nothing", 0];
  const setup = profile.setup_cycles ? `and ${fixed(profile.setup_cycles, 0)} once, at loading` : "";
  const tiles = [
    ["time", `${fixed(profile.time_us)} us`, `${fixed(profile.cycles, 0)} cycles ${setup}`],
    ["launches", fixed(launches.length, 0), `of ${profile.kernels.length} kernels`],
    ["launching", percent(profile.launch_cycles / (profile.cycles || 1)), "of the time no core runs"],
    ["mostly bound by", bound, `${percent(cycles / (profile.cycles || 1))} of the time`],
    ["cube", percent(profile.cube_utilization, 1), `of peak, ${fixed(profile.flops / 1e9, 1)} G operations`],
    ["GM read", bytes(profile.gm_read_bytes), `${percent(reads / (profile.gm_read_bytes || 1))} of it in L2`],
    ["GM written", bytes(profile.gm_write_bytes), "by instructions"],
    ["HBM", bytes(profile.hbm_bytes), `${percent(hbm)} of its bandwidth`],
    ["GM needed", bytes(profile.peak_gm_bytes), "weights and temporaries"],
  ];
  byId("tiles").replaceChildren(
    ...tiles.map(([label, value, more]) =>
      element(
        "div",
        { class: "tile" },
        element("div", { class: "label" }, label),
        element("div", { class: "value" }, value),
        element("div", { class: "more" }, more),
      ),
    ),
  );
}

function showAdvice({ profile }, choose) {
  const items = profile.advice.map((advice) => {
    const links = advice.kernels.slice(0, 5).flatMap((name, at) => {
      const link = element("button", { class: "link", onclick: () => choose(name, true) }, name);
      return at ? [", ", link] : [link];
    });
    const more = advice.kernels.length > 5 ? ` and ${advice.kernels.length - 5} more` : "";
    const saves = `up to ${fixed(advice.saves_cycles / profile.clock_mhz)} us`;
    return element(
      "li",
      {},
      ...links,
      `${more} `,
      element("span", { class: "saves" }, saves),
      `: ${advice.figure}. `,
      element("span", { class: "action" }, sentence(advice.action)),
    );
  });
  const nothing = element("li", {}, "Nothing stands out.");
  byId("advice").replaceChildren(...(items.length ? items : [nothing]));
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function limiting(kernel) {
  return kernel.queues.reduce((best, queue) => (queue.busy > best.busy ? queue : best));
}

const KERNEL_COLUMNS = [
  ["kernel", (kernel) => kernel.name, (kernel) => kernel.name, "left name"],
  ["kind", (kernel) => kernel.kind, (kernel) => kernel.kind, "left"],
  ["launches", (kernel) => kernel.launches, (kernel) => fixed(kernel.launches, 0)],
  ["us", (kernel) => kernel.time_us, (kernel) => fixed(kernel.time_us)],
  ["share", (kernel) => kernel.cycles, (kernel, data) => percent(kernel.cycles / data.profile.cycles, 1)],
  ["bound", (kernel) => kernel.bound, (kernel) => kernel.bound, "left"],
  ["launching", (kernel) => kernel.launch_cycles / kernel.cycles, (kernel) => percent(kernel.launch_cycles / kernel.cycles)],
  ["busiest", (kernel) => shareOfRun(kernel, "busy"), (kernel) => `${limiting(kernel).pipe} ${percent(shareOfRun(kernel, "busy"))}`, "", "the pipe that is busy longest: of the run, mean over the cores"],
  ["slowest", (kernel) => shareOfRun(kernel, "slowest"), (kernel) => percent(shareOfRun(kernel, "slowest")), "", "of the run, on the busiest core"],
  ["uneven", (kernel) => limiting(kernel).imbalance, (kernel) => fixed(limiting(kernel).imbalance, 2), "", "imbalance: slowest core over mean"],
  ["does", (kernel) => shareOfRun(kernel, "busy"), runBar, "left", "busy and waits of that pipe, of the run"],
  ["cube", (kernel) => kernel.cube_utilization, (kernel) => percent(kernel.cube_utilization, 1), "", "of the chip's peak"],
  ["read", (kernel) => kernel.gm_read_bytes, (kernel) => bytes(kernel.gm_read_bytes)],
  ["in L2", (kernel) => kernel.l2_hit, (kernel) => percent(kernel.l2_hit)],
  ["written", (kernel) => kernel.gm_write_bytes, (kernel) => bytes(kernel.gm_write_bytes)],
  ["HBM", (kernel) => kernel.hbm_bytes, (kernel) => bytes(kernel.hbm_bytes)],
  ["source", (kernel) => kernel.source[0] ?? "", (kernel) => fileAndLine(kernel.source[0] ?? ""), "left source"],
];

function shareOfRun(kernel, figure) {
  return limiting(kernel)[figure] / (kernel.cycles - kernel.launch_cycles || 1);
}

function runBar(kernel, data) {
  const queue = limiting(kernel);
  return queueBar(queue, kernel.cycles - kernel.launch_cycles, data);
}

function queueBar(queue, run, { colors, words }) {
  const short = Object.values(queue.shortages).reduce((sum, cycles) => sum + cycles, 0);
  const parts = [[(queue.busy - short) / run, colors.pipes[queue.pipe], `busy ${percent(queue.busy / run, 1)}`]];
  for (const [name, cycles] of Object.entries(queue.shortages)) {
    parts.push([cycles / run, colors.waits[name], `${percent(cycles / run, 1)} of it slower for ${words[name]}`]);
  }
  for (const [name, cycles] of Object.entries(queue.waits)) {
    const text = `waits ${percent(cycles / run, 1)} for ${words[name]}`;
    parts.push([cycles / run, colors.waits[name], text]);
  }
  return bar(parts, queue.slowest / run);
}

class KernelTable {
  constructor(data, choose) {
    this.data = data;
    this.choose = choose;
    this.sorted = { column: 3, down: true };
    this.chosen = null;
    const heads = KERNEL_COLUMNS.map(([name, , , kind, title], at) =>
      element("th", { class: kind, title, tabindex: 0, onclick: () => this.sortBy(at) }, name),
    );
    this.heads = heads;
    this.body = element("tbody");
    byId("kernel-table").replaceChildren(element("thead", {}, element("tr", {}, ...heads)), this.body);
    byId("kernel-filter").addEventListener("input", () => this.show());
    this.show();
  }

  sortBy(column) {
    const texts = typeof KERNEL_COLUMNS[column][1](this.data.profile.kernels[0]) === "string";
    this.sorted = { column, down: this.sorted.column === column ? !this.sorted.down : !texts };
    this.show();
  }

  show() {
    const wanted = byId("kernel-filter").value.trim().toLowerCase();
    const { column, down } = this.sorted;
    const value = KERNEL_COLUMNS[column][1];
    const rows = this.data.profile.kernels.filter((kernel) =>
      [kernel.name, kernel.kind, kernel.bound, ...kernel.source].some((text) => text.toLowerCase().includes(wanted)),
    );
    rows.sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      const order = typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
      return down ? -order : order;
    });
    this.heads.forEach((head, at) => {
      if (at === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    this.body.replaceChildren(...rows.map((kernel) => this.row(kernel)));
    const all = this.data.profile.kernels.length;
    byId("kernel-count").textContent = rows.length === all ? `${all} kernels` : `${rows.length} of ${all} kernels`;
  }

  row(kernel) {
    const cells = KERNEL_COLUMNS.map(([, , shown, kind]) => {
      const title = kind?.includes("source") ? kernel.source.join("\n") : kind?.includes("name") ? kernel.name : undefined;
      return element("td", { class: kind, title }, shown(kernel, this.data));
    });
    const made = element("tr", { onclick: () => this.choose(kernel.name, false) }, ...cells);
    made.dataset.kernel = kernel.name;
    made.classList.toggle("chosen", kernel.name === this.chosen);
    return made;
  }

  mark(name) {
    this.chosen = name;
    for (const row of this.body.rows) row.classList.toggle("chosen", row.dataset.kernel === name);
  }
}
