"""The commands, one module for each group. Their imports are light: what is heavy is imported when a command runs."""
