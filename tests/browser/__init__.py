"""A package, so that its browser, whose event loop runs as long as it does, ends with the last of these tests."""
