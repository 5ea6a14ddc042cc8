"""Start-up of ``sfumato-opt``: its help, an empty module, one pass over it. Target: at most 0.5 s.

Also tells which heavy packages were imported on the way; none should be.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from measuring import best_runs, parse_options, report, rerun_line, run

HEAVY = ("torch", "transformers", "numba", "networkx", "rich", "lark", "numpy")

LIST_IMPORTS = f"""
import sys
from compiler.cli.opt import run
run(sys.argv[1:])
print("imported: " + (", ".join(name for name in {HEAVY} if name in sys.modules) or "none of {", ".join(HEAVY)}"))
"""


def main() -> None:
    options = parse_options(__doc__, repeat=5)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.mlir"
        path.write_text("module {}\n")
        for label, arguments in (
            ("--help", ["--help"]),
            ("empty module", [str(path)]),
            ("one pass", [str(path), "-p", "graph-dce"]),
        ):
            report(options, f"sfumato-opt {label}", best_runs(options, ("-m", "compiler.cli.opt", *arguments)))
        print("empty module " + run(options.checkouts[0], ("-c", LIST_IMPORTS, str(path))).output.splitlines()[-1])
    rerun_line(__file__)


if __name__ == "__main__":
    main()
