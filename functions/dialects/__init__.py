"""The wire languages, one folder each. None imports another."""
