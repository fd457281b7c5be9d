"""Music.ai's API, as its document and its two clients (PyPI `musicai-sdk`, npm `@music.ai/sdk`) know it."""
