"""Patchbay's own API: what no other dialect has words for, and the documents of all of them."""
