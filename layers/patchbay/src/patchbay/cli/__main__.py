"""`python -m patchbay.cli`, for where the console script is not on the path."""

from patchbay.cli import main

main()
