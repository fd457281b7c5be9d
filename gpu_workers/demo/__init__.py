"""The demo: a song of our own whose stems are known, the way of any song through the product, and a picture of it."""
