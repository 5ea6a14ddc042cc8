"""Configuration of lit for the FileCheck files, which pytest also runs in one process (tests/conftest.py)."""

import os
import sys
from pathlib import Path

import lit.formats

config.name = "Sfumato"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(Path(__file__).parents[2], "build", "lit")
# The console scripts lie next to the interpreter that runs lit.
config.environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
