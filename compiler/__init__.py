"""Drives the compiler: front end, phases, command line. Holds no rewriting."""
