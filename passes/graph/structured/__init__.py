"""How the ops that read, write or combine along an axis are computed from those that kernels are made of."""
