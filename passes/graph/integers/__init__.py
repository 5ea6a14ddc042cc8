"""How integers that the vector unit does not compute in are made of those that it does."""
