"""What each graph op computes, in numpy: one file a family of ops, one table a file."""
