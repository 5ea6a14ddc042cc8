"""From kernels to instruction streams and a launch list."""
