"""The models that engines can load: what they do, where their weights come from, and what their licence allows.

A file of weights that could run code is trusted only if it has the SHA-256 given here. Names of the Demucs files carry
the first eight digits of it, as their authors publish them. For the MusicGen files no digest is known that two sources
agree on; they are loaded as safetensors and JSON alone, which are data, and whoever installs them can pin them by a
list `SHA256SUMS` beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from patchbay.catalog.composition import MAX_DURATION_S, MIN_DURATION_S
from patchbay.domain.errors import InvalidInput, ModelUnavailable

Kind = Literal["separation", "generation"]

FOUR_STEMS = ("vocals", "drums", "bass", "other")
SIX_STEMS = (*FOUR_STEMS, "guitar", "piano")
COMPOSER = "patchbay-composer"

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
    files: Mapping[str, str | None] = field(default_factory=dict)
    """File name -> SHA-256 of the weights, None where none is known; empty for a model that is code alone."""
    embedded: bool = False
    """Whether the files lie in the engine's own folder: nothing is to be installed."""
    memory_mib: int = 2048
    kind: Kind = "separation"
    length_s: tuple[float, float] | None = None
    """Shortest and longest music that a generator makes."""
    takes_melody: bool = False
    """Whether a generator can be given a melody to follow."""


def _demucs(name: str, title: str, files: Mapping[str, str], stems: tuple[str, ...] = FOUR_STEMS) -> Model:
    return Model(name, "separation", "4.0", title, stems, _RESEARCH, commercial_use=False, files=files)


def _musicgen(name: str, title: str, memory_mib: int, *, takes_melody: bool = False) -> Model:
    return Model(
        name,
        "generation",
        "1.0",
        title,
        (),
        "CC-BY-NC-4.0",
        commercial_use=False,
        sample_rate_hz=32000,
        files={"config.json": None, "tokenizer.json": None, "model.safetensors": None},
        memory_mib=memory_mib,
        kind="generation",
        length_s=(1.0, 300.0),
        takes_melody=takes_melody,
    )


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
        Model(
            "patchbay-small",
            "separation",
            "1.1",
            "A small network of our own: cleaner stems than patchbay-classic in about the same time",
            FOUR_STEMS,
            "Apache-2.0",
            commercial_use=True,
            files={
                "small.safetensors": "59724163aaf4e6ceb6bd4be27aeeae6a4602147aa8b274040a6abf2a6c4e7341",
                "small.json": "37f7cab9b8d2727cdf59ce4c6d720c70098d9678386557cb9b7d28078e627866",
            },
            embedded=True,
            memory_mib=1024,
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
        Model(
            COMPOSER,
            "composition",
            "1.0",
            "Music written by rules and played by Patchbay's own instruments: no weights, no licence questions",
            (),
            "Apache-2.0",
            commercial_use=True,
            kind="generation",
            length_s=(MIN_DURATION_S, MAX_DURATION_S),
        ),
        _musicgen("musicgen-small", "MusicGen of 300 million parameters", 3072),
        _musicgen("musicgen-medium", "MusicGen of 1.5 billion parameters", 8192),
        _musicgen(
            "musicgen-melody", "MusicGen of 1.5 billion parameters that follows melodies", 8192, takes_melody=True
        ),
        _musicgen("musicgen-stereo-small", "MusicGen of 300 million parameters, stereo", 3072),
        _musicgen("musicgen-stereo-medium", "MusicGen of 1.5 billion parameters, stereo", 8192),
        _musicgen(
            "musicgen-stereo-melody",
            "MusicGen of 1.5 billion parameters that follows melodies, stereo",
            8192,
            takes_melody=True,
        ),
    )
}

PREFERENCE = ("htdemucs_ft", "htdemucs", "mdx_extra", "htdemucs_6s", "patchbay-small", "patchbay-classic")
"""Which model a separation takes when it is asked for none: the first of these that is installed and has the stems."""
GENERATORS = (
    "musicgen-stereo-medium",
    "musicgen-stereo-melody",
    "musicgen-medium",
    "musicgen-melody",
    "musicgen-stereo-small",
    "musicgen-small",
    COMPOSER,
)
"""The same of generation, the composer last: it always runs."""


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

    def check(self, name: str, kind: Kind = "separation") -> Model:
        """The model of that kind, if it may run here. Raises `InvalidInput` that says what stands in the way and what
        is served.
        """
        served = f"served here: {self._names(kind)}"
        model = MODELS.get(name)
        if model is None:
            raise InvalidInput(f"there is no model {name!r}; {served}", field="model")
        if model.kind != kind:
            raise InvalidInput(f"model {name!r} is one for {model.kind}, not for {kind}; {served}", field="model")
        if not model.commercial_use and not self.allow_research:
            why = f"model {name!r} is {model.licence}; the operator has not allowed it here; {served}"
            raise InvalidInput(why, field="model")
        if model.files and not model.embedded and name not in self.installed:
            raise InvalidInput(f"the weights of model {name!r} are not installed here; {served}", field="model")
        return model

    def served(self, kind: Kind | None = None) -> tuple[Model, ...]:
        """Every model, or every one of a kind, that may run here."""
        return tuple(m for m in MODELS.values() if kind in (None, m.kind) and self._runs(m))

    def choose(self, stems: tuple[str, ...]) -> Model:
        """The best model here that has all of `stems`. Raises `InvalidInput` if none has."""
        for name in PREFERENCE:
            model = MODELS.get(name)
            if model and self._runs(model) and set(stems) <= set(model.stems):
                return model
        why = f"no model installed here separates {', '.join(stems)}; served here: {self._names('separation')}"
        raise InvalidInput(why, field="model")

    def choose_generator(self, *, melody: bool) -> Model:
        """The best generator here, of those that take a melody if there is one. Raises `InvalidInput` if none does."""
        for name in GENERATORS:
            model = MODELS[name]
            if self._runs(model) and (model.takes_melody or not melody):
                return model
        why = f"no model installed here follows a melody; without an input there are: {self._names('generation')}"
        raise InvalidInput(why, field="model")

    def _runs(self, model: Model) -> bool:
        allowed = model.commercial_use or self.allow_research
        return allowed and (not model.files or model.embedded or model.name in self.installed)

    def _names(self, kind: Kind) -> str:
        return ", ".join(m.name for m in self.served(kind))
