"""The colours of the page: one for each pipe and one for each kind of wait, the same everywhere."""

PIPE_COLORS = {
    "MTE2": "#2f6db5",
    "MTE1": "#54a9d6",
    "M": "#d95f30",
    "FIX": "#e2a72e",
    "V": "#3a9a5b",
    "MTE3": "#8560b5",
    "S": "#7b8494",
}
"""Queue -> colour."""

LAUNCH_COLOR = "#c3c9d3"
"""What starting a kernel costs."""

WAIT_COLORS = {
    "data": "#6f93c9",
    "port": "#a98bd0",
    "flag": "#d8c25c",
    "core": "#c9696f",
    "barrier": "#a67f61",
    "issue": "#aeb6c2",
    "other": "#d9d9d9",
}
"""Category of a wait -> colour."""

MEMORY_COLORS = {
    "l1": "#2f6db5",
    "l0a": "#54a9d6",
    "l0b": "#3aa6a0",
    "l0c": "#d95f30",
    "bt": "#b0885a",
    "fb": "#e2a72e",
    "ub": "#3a9a5b",
}
"""On-chip buffer -> colour."""

INK = "#1d2430"
FAINT_INK = "#5b6575"
GRID = "#e6e9ee"
"""Text, axes and grid lines of plots."""
