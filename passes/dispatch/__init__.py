"""Which operations form a kernel."""
