// The IR after every pass: what each pass changed of the whole module, of a function, or of the chosen kernel.

const CONTEXT = 4;
const NOTHING = [];

class IrView {
  constructor(ir, launches) {
    this.ir = ir;
    this.known = new WeakMap(); // lines after -> lines before -> their differences
    this.functions = this.launchingFunctions();
    const kernels = [...new Set(launches.map((launch) => launch.kernel))];
    const names = new Set(ir.chunks.map((chunk) => chunk.name));
    const others = [...new Set(ir.chunks.filter((chunk) => !chunk.kernel).map((chunk) => chunk.name))];
    const scope = byId("ir-scope");
    scope.replaceChildren(
      element("option", { value: "module" }, "the whole module"),
      ...others.map((name) => element("option", { value: `other:${name}` }, name ? `@${name}` : "single operations")),
      ...kernels.filter((name) => names.has(name)).map((name) => element("option", { value: `kernel:${name}` }, `kernel @${name}`)),
    );
    for (const id of ["ir-scope", "ir-view", "ir-changed"]) byId(id).addEventListener("change", () => this.show());
    this.current = ir.passes.length - 1;
  }

  // Kernel -> functions that launch it, told by the last dump that has launches.
  launchingFunctions() {
    const found = new Map();
    for (const chunk of this.ir.chunks) {
      if (chunk.kernel || !chunk.name) continue;
      for (const line of chunk.lines) {
        const match = /tile\.launch @([\w$.-]+)/.exec(line);
        if (match) found.set(match[1], (found.get(match[1]) ?? new Set()).add(chunk.name));
      }
    }
    return found;
  }

  choose(kernel, sources) {
    this.sources = new Set(sources);
    const value = `kernel:${kernel}`;
    const scope = byId("ir-scope");
    if ([...scope.options].some((option) => option.value === value)) scope.value = value;
    this.show();
  }

  // The scope's pieces after a pass: [name, chunk, whether only the operations of the kernel's source lines count].
  pieces(pass) {
    const chunks = this.ir.passes[pass].chunks.map((at) => this.ir.chunks[at]);
    const [kind, ...rest] = byId("ir-scope").value.split(":");
    const name = rest.join(":");
    if (kind === "module") return chunks.map((chunk) => this.piece(chunk));
    if (kind === "other") return chunks.filter((chunk) => !chunk.kernel && chunk.name === name).map((chunk) => this.piece(chunk));
    const own = chunks.filter((chunk) => chunk.kernel && chunk.name === name);
    if (own.length) return own.map((chunk) => this.piece(chunk));
    const inside = this.functions.get(name);
    return chunks
      .filter((chunk) => !chunk.kernel && chunk.name && (!inside || inside.has(chunk.name)))
      .map((chunk) => this.piece(chunk, this.sources));
  }

  piece(chunk, only) {
    const sources = chunk.sources.map((at) => this.ir.sources[at]);
    if (!only) return { name: chunk.name, lines: chunk.lines, sources };
    const kept = chunk.lines.flatMap((_, at) => (only.has(sources[at]) ? [at] : []));
    return { name: chunk.name, lines: kept.map((at) => chunk.lines[at]), sources: kept.map((at) => sources[at]), part: true };
  }

  // Pairs of pieces before and after a pass, by name; either may be absent.
  changes(pass) {
    const after = this.pieces(pass);
    const before = pass ? this.pieces(pass - 1) : [];
    // A kernel's first own text comes from operations of functions: compare it with them.
    if (before.length && after.length && before.every((one) => one.part) && after.every((one) => !one.part)) {
      const joined = { name: before[0].name, lines: before.flatMap((one) => one.lines), sources: before.flatMap((one) => one.sources) };
      return [[joined, after[0]], ...after.slice(1).map((one) => [undefined, one])];
    }
    const left = [...before];
    const pairs = after.map((one) => {
      const at = left.findIndex((other) => other.name === one.name);
      return [at < 0 ? undefined : left.splice(at, 1)[0], one];
    });
    return [...pairs, ...left.map((one) => [one, undefined])];
  }

  edits([before, after]) {
    if (before && after && before.lines === after.lines) return { rows: null, plus: 0, minus: 0 };
    const [left, right] = [before?.lines ?? NOTHING, after?.lines ?? NOTHING];
    if (!this.known.has(right)) this.known.set(right, new WeakMap());
    const known = this.known.get(right);
    if (!known.has(left)) {
      const rows = difference(left, right);
      const count = (kind) => rows.filter(([found]) => found === kind).length;
      known.set(left, { rows, plus: count("add"), minus: count("remove") });
    }
    return known.get(left);
  }

  show() {
    const totals = this.ir.passes.map((_, pass) => {
      const edits = this.changes(pass).map((pair) => this.edits(pair));
      return edits.reduce((sum, one) => ({ plus: sum.plus + one.plus, minus: sum.minus + one.minus }), { plus: 0, minus: 0 });
    });
    const only = byId("ir-changed").checked;
    const changed = totals.map((total, pass) => pass === 0 || total.plus + total.minus > 0);
    if (only && !changed[this.current]) this.current = changed.lastIndexOf(true);
    const items = [];
    let phase = "";
    this.ir.passes.forEach((pass, at) => {
      if (only && !changed[at]) return;
      if (pass.phase !== phase) items.push(element("li", { class: "phase" }, pass.phase || "passes"));
      phase = pass.phase;
      items.push(element("li", {}, this.passButton(pass, at, totals[at], changed[at])));
    });
    byId("passes").replaceChildren(...items);
    const count = changed.filter(Boolean).length;
    byId("ir-facts").textContent = `${count} of ${this.ir.passes.length} dumps change it`;
    this.showPass();
  }

  passButton(pass, at, total, changed) {
    const choose = () => {
      this.current = at;
      for (const button of byId("passes").querySelectorAll("button")) button.classList.toggle("chosen", button.dataset.pass === `${at}`);
      this.showPass();
    };
    const counts = changed && at ? [element("span", { class: "plus" }, `+${total.plus}`), element("span", { class: "minus" }, `-${total.minus}`)] : [];
    const kind = [at === this.current ? "chosen" : "", changed ? "" : "same"].join(" ");
    const made = element("button", { class: kind, title: pass.file, onclick: choose }, element("span", { class: "name" }, pass.name), ...counts);
    made.dataset.pass = at;
    return made;
  }

  showPass() {
    const view = byId("ir-view").value;
    const shown = document.createDocumentFragment();
    const pairs = this.changes(this.current);
    if (pairs.length > 1 || pairs[0]?.[1]?.part) shown.append(element("div", { class: "head" }, this.ir.passes[this.current].file));
    if (!pairs.length) shown.append(element("div", { class: "skip" }, "There is nothing of it after this pass."));
    for (const pair of pairs) {
      const { rows, plus, minus } = this.edits(pair);
      const piece = pair[1] ?? pair[0];
      if (pairs.length > 1) shown.append(element("div", { class: "head" }, `${piece.name ? `@${piece.name}` : "single operations"}  +${plus} -${minus}`));
      const all = rows ?? piece.lines.map((_, at) => ["same", at, at]);
      if (view === "text" || this.current === 0) {
        const kept = all.filter(([kind]) => kind !== "remove").map(([, old, now]) => ["same", old, now]);
        shown.append(...kept.map((row) => this.line(row, pair)));
      } else {
        this.appendChanges(shown, all, pair, view === "sides");
      }
    }
    const text = byId("ir-text");
    text.replaceChildren(shown);
    text.scrollTop = 0;
  }

  // Lines that changed, with some around them; the others fold into a button.
  appendChanges(parent, rows, pair, sides) {
    const near = new Uint8Array(rows.length);
    rows.forEach(([kind], at) => {
      if (kind !== "same") near.fill(1, Math.max(0, at - CONTEXT), at + CONTEXT + 1);
    });
    for (let at = 0; at < rows.length; ) {
      const from = at;
      while (at < rows.length && near[at] === near[from]) at++;
      const part = rows.slice(from, at);
      if (near[from]) parent.append(...this.lines(part, pair, sides));
      else parent.append(this.fold(part, pair, sides));
    }
  }

  fold(rows, pair, sides) {
    const count = rows.length === 1 ? "1 line" : `${rows.length} lines`;
    const open = () => button.replaceWith(...this.lines(rows, pair, sides));
    const button = element("button", { class: "skip", onclick: open }, `${count} as before`);
    return button;
  }

  lines(rows, pair, sides) {
    if (!sides) return rows.map((row) => this.line(row, pair));
    const made = [];
    for (let at = 0; at < rows.length; ) {
      if (rows[at][0] === "same") {
        const [, old, now] = rows[at++];
        made.push(this.side(["remove", old, now], ["add", old, now], pair, "same"));
        continue;
      }
      const run = [];
      while (at < rows.length && rows[at][0] !== "same") run.push(rows[at++]);
      const [removed, added] = ["remove", "add"].map((kind) => run.filter(([found]) => found === kind));
      for (let n = 0; n < Math.max(removed.length, added.length); n++) made.push(this.side(removed[n], added[n], pair));
    }
    return made;
  }

  side(left, right, pair, kind) {
    const cells = [left, right].map((row) => {
      if (!row) return element("div", { class: "line none" });
      const cell = this.line(row, pair);
      if (kind) cell.className = "line";
      cell.title = cell.querySelector(".code").textContent;
      cell.querySelector(".from").remove();
      cell.querySelector(".sign").textContent = "";
      return cell;
    });
    return element("div", { class: "pair" }, ...cells);
  }

  line([kind, old, now], [before, after]) {
    const [piece, at] = kind === "remove" ? [before, old] : [after, now];
    const source = piece.sources[at] ?? "";
    const sign = { same: "", add: "+", remove: "-" }[kind];
    const own = this.sources?.has(source) && !piece.part && byId("ir-scope").value.startsWith("other");
    return element(
      "div",
      { class: `line ${kind}${own ? " own" : ""}` },
      element("span", { class: "sign" }, sign),
      element("span", { class: "code" }, piece.lines[at]),
      element("span", { class: "from", title: source }, source ? fileAndLine(source) : ""),
    );
  }
}
