"""A first look at files that users brought."""
