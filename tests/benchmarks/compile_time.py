"""Compiling GPT-2 124M and Llama-3.2-1B (sequence 128): user CPU, seconds of each phase, peak anonymous memory.

Start-up (``compile --help``) is measured apart: what compiling costs is what comes on top of it. Targets for GPT-2: at most
2 s of user CPU, and at most 0.3 GiB of anonymous memory over start-up.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from exported_models import exported
from measuring import best_runs, parse_options, report, rerun_line, run

COMMAND = ("-m", "compiler.cli.main", "compile")


def main() -> None:
    options = parse_options(__doc__, repeat=5)
    report(options, "start-up (compile --help)", best_runs(options, (*COMMAND, "--help")))
    with tempfile.TemporaryDirectory() as folder:
        for name in ("gpt2", "llama"):
            model = str(exported(name, options.models))
            program, numbers = f"{folder}/{name}.sfu", f"{folder}/{name}.json"
            command = (*COMMAND, model, "-o", program)
            report(options, f"compile {name}", best_runs(options, command))
            run(options.checkouts[0], (*command, "--json", numbers))
            found = json.loads(Path(numbers).read_text())
            print("    seconds: " + "  ".join(f"{phase} {seconds:.3f}" for phase, seconds in found["seconds"].items()))
            print("    ops:     " + "  ".join(f"{phase} {count}" for phase, count in found["ops"].items()), flush=True)
    rerun_line(__file__)


if __name__ == "__main__":
    main()
