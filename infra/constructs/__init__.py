"""Building blocks of the stacks, named by what they are for. Rights are given in the stacks."""
