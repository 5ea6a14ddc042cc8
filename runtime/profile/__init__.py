"""Profiles: what a timing simulation found, as JSON, as text and as a trace."""
