"""How long, and how fast, the sources of a project are, as far as that is known: all of them in a few reads."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from patchbay.core import layout, layout_library
from patchbay.core.layout import Numbered
from patchbay.core.layout_generations import generation_key
from patchbay.core.samples import KIND
from patchbay.domain.arrangement import MAX_LENGTH_S
from patchbay.domain.assets import Asset
from patchbay.domain.generations import Generation
from patchbay.domain.projects import Reference
from patchbay.domain.samples import Sample
from patchbay.ports import Key, Record, Records

Measures = Callable[[Sequence[Reference]], tuple[Mapping[str, float], Mapping[str, float]]]
"""References -> (lengths in seconds, tempi in beats a minute), by their names, of those of which they are known."""
LEAST_BPM, MOST_BPM = 20, 999


def measures(
    records: Records, viewer: str, references: Sequence[Reference]
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """As `Measures`: of samples that the viewer may hear, and of the viewer's own files and generations."""
    lookups = {one.name: _lookups(one, viewer) for one in references}
    found = _all(records, (key for keys in lookups.values() for key in keys))
    owners = {key: layout.entity(Numbered, one) for key, one in found.items() if one.kind in {"number", "audio"}}
    keys = {key: layout_library.sample_key(one.tenant_id, one.thing_id) for key, one in owners.items()}
    samples = {key: layout.entity(Sample, one) for key, one in _all(records, keys.values()).items()}
    lengths_s: dict[str, float] = {}
    tempi: dict[str, float] = {}
    for one in references:
        sample = next((samples[keys[key]] for key in lookups[one.name] if keys.get(key) in samples), None)
        shown = sample if sample and sample.visible_to(viewer) else None
        length_s = shown.duration_s if shown else _length_s(one, [found[k] for k in lookups[one.name] if k in found])
        if length_s is not None and 0 < length_s <= MAX_LENGTH_S:
            lengths_s[one.name] = length_s
        if shown and shown.bpm is not None and LEAST_BPM <= shown.bpm <= MOST_BPM:
            tempi[one.name] = shown.bpm
    return lengths_s, tempi


def _lookups(one: Reference, viewer: str) -> list[Key]:
    """Where something may be known of a source, the surest first."""
    if one.generation_id is not None:
        return [generation_key(viewer, one.generation_id)]
    if one.sample_id is not None:
        return [layout.number_key(KIND, one.sample_id)]
    audio_id = one.audio_id or ""
    return [layout_library.audio_key(audio_id), layout.asset_key(viewer, audio_id)]


def _length_s(one: Reference, found: Sequence[Record]) -> float | None:
    """Of what is no sample."""
    for stored in found:
        if stored.kind == "asset" and (seen := layout.entity(Asset, stored).audio):
            return seen.duration_s
        if stored.kind == "generation":
            output = layout.entity(Generation, stored).output(one.output_name or "")
            return output.duration_s if output else None
    return None


def _all(records: Records, keys: Iterable[Key]) -> dict[Key, Record]:
    wanted = list(dict.fromkeys(keys))
    return {stored.key: stored for stored in (records.get_many(wanted) if wanted else ())}
