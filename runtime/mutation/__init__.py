"""Breaks the synchronisation and the addresses of programs one by one, to see that the sanitizer notices."""
