"""From the exported program's operators to plain mathematics."""
