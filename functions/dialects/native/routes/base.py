"""Where Patchbay's own API is served."""

BASE = "/patchbay/v1"
