"""Services elsewhere that do a step for users who have accounts there."""

from patchbay.catalog.models import FOUR_STEMS, SIX_STEMS
from patchbay.domain.stems import ACCOMPANIMENT, VOCALS

LALALAI = "lalalai"
SEPARATION = "lalalai-separation"
"""The workflow of what LALAL.AI separates."""
ENGINE = "elsewhere"
"""The engine that sends songs away."""
STEM_SETS: dict[int, tuple[str, ...]] = {2: (VOCALS, ACCOMPANIMENT), 4: FOUR_STEMS, 6: SIX_STEMS}
"""Stems by their number. The last one, or in six `other`, is what is left of the song: it costs no minutes."""
LEFT_OVER = (ACCOMPANIMENT, "other")
"""Stems that nobody takes out: what is left once all others are."""
