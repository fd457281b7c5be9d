"""The cloud side of Patchbay: a CDK app. It reads the catalogue and the names of settings, and nothing else of ours."""
