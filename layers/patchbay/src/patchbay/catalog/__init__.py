"""What Patchbay offers: models, workflows, compute classes, dialects. Declarations only."""
