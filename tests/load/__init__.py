"""Load on a twin: clients of all dialects at once, for minutes; `python -m tests.load --help`."""
