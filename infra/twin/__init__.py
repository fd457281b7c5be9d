"""The local twin: the product's own stacks, deployed to an emulator on this machine."""
