"""The nouns of Patchbay and their rules. Standard library and pydantic only."""
