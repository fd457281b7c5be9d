"""The core's nouns in the words of Patchbay's own API, one module for each."""
