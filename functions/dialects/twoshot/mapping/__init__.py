"""Between the core's nouns and the TwoShot API's words."""
