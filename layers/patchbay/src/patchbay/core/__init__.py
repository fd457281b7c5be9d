"""The use cases: one module for each noun. They know the ports, no dialect and no cloud."""
