"""Prompts: what free English asks of a composition. Pure functions over the words of the catalogue."""
