"""``sfumato check`` of GPT-2 124M with random weights, sequence 128, and ``sfumato profile`` of the same program.

Target of check: at most 60 s of user CPU. The weights (500 MB) are mapped: they must not show up as anonymous memory.
"""

from __future__ import annotations

import tempfile

from exported_models import exported
from measuring import best_runs, parse_options, report, rerun_line, run

SFUMATO = ("-m", "compiler.cli.main")


def main() -> None:
    options = parse_options(__doc__, repeat=2)
    model = exported("gpt2-weights", options.models)
    costs = best_runs(options, (*SFUMATO, "check", str(model), str(model.with_suffix(".npz"))))
    report(options, "check gpt2", costs)
    print(f"    {costs[0].output.strip().splitlines()[-1]}")
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/gpt2.sfu"
        run(options.checkouts[0], (*SFUMATO, "compile", str(model), "-o", program, "--external-weights"))
        report(options, "profile gpt2", best_runs(options, (*SFUMATO, "profile", program)))
    rerun_line(__file__)


if __name__ == "__main__":
    main()
