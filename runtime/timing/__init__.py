"""The timing simulator: how many cycles a program takes and where they go, without computing any value."""
