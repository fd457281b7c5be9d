"""Signed tokens (JOSE)."""
