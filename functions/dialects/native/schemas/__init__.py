"""Bodies of Patchbay's own API, one module for each noun."""
