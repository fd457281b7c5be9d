"""Starts a worker: `python -m gpu_workers.runtime --queue gpu`."""

import sys

from gpu_workers.runtime.start import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
