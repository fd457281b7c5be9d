"""Drills that take minutes and are run by hand: `python -m tests.drills.upgrade --help`."""
