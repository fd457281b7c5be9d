"""Beatoven.ai's API in its three forms: the document's v2, the v1 of its Python client, and the current v1."""
