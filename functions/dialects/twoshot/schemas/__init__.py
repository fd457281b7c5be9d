"""Bodies of the TwoShot API, one module for each noun."""
