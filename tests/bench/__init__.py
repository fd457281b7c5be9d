"""Benchmarks: modules with `rows()`, run by `make bench`."""
