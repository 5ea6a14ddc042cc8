"""Machine descriptions: what a target has and how fast it is, read by the compiler and by the simulator."""
