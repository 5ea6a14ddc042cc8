"""Read-only analyses shared by the passes."""
