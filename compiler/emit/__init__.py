"""What comes out of the compiler: programs for the simulator and text for people."""
