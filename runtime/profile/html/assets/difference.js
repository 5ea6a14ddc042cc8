// Which lines two texts have in common, by Myers' greedy algorithm. Lines that differ in the numbers of SSA values or
// registers of the same form count as equal: a pass that adds one operation renumbers all that follow.

const LARGEST_DIFFERENCE = 2500;

function comparable(line) {
  return line.replace(/%\d+/g, "%").trim();
}

// Returns [kind, old index, new index] for each line: "same", "remove" (old only), "add" (new only).
function difference(before, after) {
  const numbers = new Map();
  const numbered = (lines) =>
    Int32Array.from(lines, (line) => {
      const key = comparable(line);
      if (!numbers.has(key)) numbers.set(key, numbers.size);
      return numbers.get(key);
    });
  const a = numbered(before);
  const b = numbered(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let tail = 0;
  while (tail < a.length - start && tail < b.length - start && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const result = [];
  for (let at = 0; at < start; at++) result.push(["same", at, at]);
  const middle = shortestEdit(a.subarray(start, a.length - tail), b.subarray(start, b.length - tail));
  for (const [kind, x, y] of middle) result.push([kind, x + start, y + start]);
  for (let at = tail; at > 0; at--) result.push(["same", a.length - at, b.length - at]);
  return result;
}

function shortestEdit(a, b) {
  const most = Math.min(a.length + b.length, LARGEST_DIFFERENCE);
  const furthest = new Int32Array(2 * most + 3);
  const middle = most + 1;
  const history = [];
  for (let edits = 0; edits <= most; edits++) {
    history.push(furthest.slice(middle - edits - 1, middle + edits + 2));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down =
        diagonal === -edits || (diagonal !== edits && furthest[middle + diagonal - 1] < furthest[middle + diagonal + 1]);
      let x = down ? furthest[middle + diagonal + 1] : furthest[middle + diagonal - 1] + 1;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++;
      furthest[middle + diagonal] = x;
      if (x >= a.length && x - diagonal >= b.length) return traced(a, b, history);
    }
  }
  // Too different to be worth it: all of one, then all of the other.
  return [...Array.from(a, (_, at) => ["remove", at, 0]), ...Array.from(b, (_, at) => ["add", a.length, at])];
}

function traced(a, b, history) {
  const result = [];
  let x = a.length;
  let y = b.length;
  for (let edits = history.length - 1; edits >= 0; edits--) {
    const furthest = history[edits];
    const middle = edits + 1;
    const diagonal = x - y;
    const down =
      diagonal === -edits || (diagonal !== edits && furthest[middle + diagonal - 1] < furthest[middle + diagonal + 1]);
    const from = down ? diagonal + 1 : diagonal - 1;
    const fromX = edits === 0 ? 0 : furthest[middle + from];
    const fromY = edits === 0 ? 0 : fromX - from;
    while (x > fromX && y > fromY) result.push(["same", --x, --y]);
    if (edits > 0) {
      if (down) result.push(["add", x, --y]);
      else result.push(["remove", --x, y]);
    }
  }
  return result.reverse();
}
