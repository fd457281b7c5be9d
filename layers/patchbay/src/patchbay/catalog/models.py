"""The models that engines can load: what they do, where their weights come from, and what their licence allows.

A model's weights are trusted only if every file has the SHA-256 given here. Names of the Demucs files carry the first
eight digits of it, as their authors publish them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from patchbay.domain.errors import InvalidInput, ModelUnavailable

FOUR_STEMS = ("vocals", "drums", "bass", "other")
SIX_STEMS = (*FOUR_STEMS, "guitar", "piano")

_RESEARCH = "research only: the authors publish the weights for scientific purposes, outside the code's MIT licence"


@dataclass(frozen=True, slots=True)
class Model:
    """One model of one engine."""

    name: str
    engine: str
    version: str
    title: str
    stems: tuple[str, ...]
    licence: str
    commercial_use: bool
    sample_rate_hz: int = 44100
    files: Mapping[str, str] = field(default_factory=dict)
    """File name -> SHA-256 of the weights; empty for a model that is code alone."""
    memory_mib: int = 2048


def _demucs(name: str, title: str, files: Mapping[str, str], stems: tuple[str, ...] = FOUR_STEMS) -> Model:
    return Model(name, "separation", "4.0", title, stems, _RESEARCH, commercial_use=False, files=files)


MODELS: dict[str, Model] = {
    m.name: m
    for m in (
        Model(
            "patchbay-classic",
            "separation",
            "1.0",
            "Classical signal processing: rough stems, no weights, no licence questions",
            FOUR_STEMS,
            "Apache-2.0",
            commercial_use=True,
        ),
        _demucs(
            "htdemucs",
            "Hybrid Transformer Demucs",
            {"955717e8-8726e21a.th": "8726e21a993978c7ba086d3872e7608d7d5bfca646ca4aca459ffda844faa8b4"},
        ),
        _demucs(
            "htdemucs_ft",
            "Hybrid Transformer Demucs, tuned for each stem",
            {
                "f7e0c4bc-ba3fe64a.th": "ba3fe64ae8ef66ac9a4857222ce48efbdc5eb3ad375cb79dd13debee5aaa4066",
                "d12395a8-e57c48e6.th": "e57c48e6b0e38af4f7118d7bd08c49f0a0c0edf7d09143bdd902ea0d237303e6",
                "92cfc3b6-ef3bcb9c.th": "ef3bcb9c8b40d14ae5d51b6db2587339cc12c6b77c0be151ce6d69002e087bf2",
                "04573f0d-f3cf25b2.th": "f3cf25b222c4eed7cd49dd8b2c9597d50c18bd154090f7b919cfa5f93cf22c49",
            },
        ),
        _demucs(
            "htdemucs_6s",
            "Hybrid Transformer Demucs, six stems",
            {"5c90dfd2-34c22ccb.th": "34c22ccb381c6f9fdbf324f04e1e2fe21aaaf293f5ded163a162697ff9a02ddd"},
            SIX_STEMS,
        ),
        _demucs(
            "mdx_extra",
            "Hybrid Demucs of the MDX challenge, trained on extra data",
            {
                "e51eebcc-c1b80bdd.th": "c1b80bdd6de58274abf359e66822a76f49ce2b9f086fc5dc917ac14598e6bebf",
                "a1d90b5c-ae9d2452.th": "ae9d245283bf24b552913ee233a1101dcd0aeaed59b1c0a2da0e1f6eda15101b",
                "5d2d6c55-db83574e.th": "db83574e05b2308f76e2764819da673f2d16d437b9e619f5fcb72f275fc0e24f",
                "cfa93e08-61801ae1.th": "61801ae1567d606c97a9c3469e943ae306d0a873eeb60d623ae7cfc7042b3f68",
            },
        ),
    )
}

PREFERENCE = ("htdemucs_ft", "htdemucs", "mdx_extra", "htdemucs_6s", "patchbay-classic")
"""Which model a workflow takes when it is asked for none: the first of these that is installed and has the stems."""


def get(name: str) -> Model:
    """The model of that name. Raises `ModelUnavailable`."""
    if name not in MODELS:
        raise ModelUnavailable(f"there is no model {name!r}; known are {', '.join(sorted(MODELS))}")
    return MODELS[name]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The models that this deployment can run: weights installed, licence allowed."""

    installed: tuple[str, ...]
    allow_research: bool = False

    def check(self, name: str) -> Model:
        """The model, if it may run here. Raises `InvalidInput` that says what stands in the way and what is served."""
        if name not in MODELS:
            raise InvalidInput(f"there is no model {name!r}; served here: {self._served()}", field="model")
        model = MODELS[name]
        if not model.commercial_use and not self.allow_research:
            why = f"model {name!r} is {model.licence}; the operator has not allowed it here. Served: {self._served()}"
            raise InvalidInput(why, field="model")
        if model.files and name not in self.installed:
            why = f"the weights of model {name!r} are not installed here. Served: {self._served()}"
            raise InvalidInput(why, field="model")
        return model

    def served(self) -> tuple[Model, ...]:
        """Every model that may run here."""
        return tuple(m for m in MODELS.values() if self._runs(m))

    def choose(self, stems: tuple[str, ...]) -> Model:
        """The best model here that has all of `stems`. Raises `InvalidInput` if none has."""
        for name in PREFERENCE:
            model = MODELS.get(name)
            if model and self._runs(model) and set(stems) <= set(model.stems):
                return model
        why = f"no model installed here separates {', '.join(stems)}. Served: {self._served()}"
        raise InvalidInput(why, field="model")

    def _runs(self, model: Model) -> bool:
        allowed = model.commercial_use or self.allow_research
        return allowed and (not model.files or model.name in self.installed)

    def _served(self) -> str:
        return ", ".join(m.name for m in self.served())
