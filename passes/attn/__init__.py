"""Attention: recognition and choice of algorithm."""
