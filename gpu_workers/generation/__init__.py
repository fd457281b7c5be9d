"""Music from words by MusicGen, with weights that the operator brings."""

import os

# Before anything here imports transformers: whatever a file of weights names, nobody is asked for it.
os.environ["HF_HUB_OFFLINE"] = "1"
