"""One small file per Lambda, each with a `handler(event, context)`."""

import gc

# What modules make as they are loaded stays. Looking for garbage among it as often as Python does by itself takes a
# tenth of a start.
gc.set_threshold(50_000)
