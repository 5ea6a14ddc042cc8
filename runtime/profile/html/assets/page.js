// Starts the page: figures, tables, and what follows from choosing a kernel or a launch.

// Access to the figures that Bokeh made.
class Plots {
  constructor(model) {
    this.model = model;
  }

  get(name) {
    return this.model.get_model_by_name(name);
  }

  source(name) {
    return this.get(name);
  }

  onChoice(name, chosen) {
    const source = this.get(name);
    if (!source) return;
    const { indices } = source.selected.properties;
    indices.change.connect(() => {
      const [at] = source.selected.indices;
      if (at !== undefined) chosen(at, source.data);
    });
  }

  mark(name, at) {
    const { selected } = this.get(name);
    if (selected.indices.length !== 1 || selected.indices[0] !== at) selected.indices = [at];
  }

  range(name, start, end) {
    const margin = 0.01 * (end - start);
    const range = this.get(name).x_range;
    range.setv({ start: start - margin, end: end + margin, reset_start: start - margin, reset_end: end + margin });
  }

  rows(name, labels, height) {
    const plot = this.get(name);
    this.get("core-ticks").ticks = labels.map((_, at) => at);
    this.get("core-axis").major_label_overrides = new Map(labels.map((label, at) => [at, label]));
    plot.y_range.setv({ start: labels.length - 0.4, end: -0.6, reset_start: labels.length - 0.4, reset_end: -0.6 });
    plot.height = Math.min(2400, 62 + height * Math.max(labels.length, 3));
  }
}

async function start() {
  const data = JSON.parse(byId("profile-data").textContent);
  await Bokeh.embed.embed_items(data.figures.docs, [data.figures.item]);
  const plots = new Plots(Bokeh.documents[0]);
  const launchView = new LaunchView(data, plots, await unpackedJson(data.programs));
  const irView = data.ir ? new IrView(await unpackedJson(data.ir), data.launches) : null;
  const kernels = new Map(data.profile.kernels.map((kernel) => [kernel.name, kernel]));

  function chooseLaunch(position) {
    const { kernel } = data.launches[position];
    table.mark(kernel);
    plots.mark("launches", position);
    irView?.choose(kernel, kernels.get(kernel).source);
    return launchView.show(position);
  }

  function chooseKernel(name, scroll) {
    const own = data.launches.flatMap((launch, at) => (launch.kernel === name ? [at] : []));
    const longest = own.reduce((best, at) => (data.launches[at].cycles > data.launches[best].cycles ? at : best));
    if (scroll) byId("launch").scrollIntoView({ behavior: "smooth" });
    return chooseLaunch(longest);
  }

  const table = new KernelTable(data, chooseKernel);
  launchView.chosen = chooseLaunch;
  showTiles(data);
  showAdvice(data, chooseKernel);
  const held = Object.entries(data.held_bytes).map(([name, size]) => `${name} ${bytes(size)}`);
  byId("held-bytes").textContent = held.length ? `Held all the time besides: ${held.join(", ")}.` : "";
  plots.onChoice("launches", (at) => chooseLaunch(at));
  for (const name of ["roofline-HBM", "roofline-L2", "by-kernel run", "by-kernel launching"]) {
    plots.onChoice(name, (at, columns) => chooseKernel(columns.kernel[at], false));
  }
  if (data.launches.length) {
    const first = data.profile.kernels.reduce((best, kernel) => (kernel.cycles > best.cycles ? kernel : best));
    await chooseKernel(first.name, false);
  }
  document.body.dataset.ready = "true";
}

start();
