"""The engine whose work a service elsewhere does."""
