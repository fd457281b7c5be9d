"""Pages that the server writes: forms that work without a script."""
