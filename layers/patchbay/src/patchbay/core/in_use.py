"""Files that something else is made of, and that go with that only."""

from patchbay.core import layout, layout_library, store
from patchbay.domain.errors import Conflict
from patchbay.domain.samples import Sample
from patchbay.ports import Delete, Records


def check_free(records: Records, asset_id: str) -> None:
    """Raises `Conflict` that names the sample which an asset is the audio of."""
    audio = store.load(records, layout.Numbered, layout_library.audio_key(asset_id))
    if audio is None:
        return
    sample = store.load(records, Sample, layout_library.sample_key(audio.tenant_id, audio.thing_id))
    told = f"sample {sample.number}" if sample else "a sample"
    raise Conflict(f"this file is the audio of {told}, and is kept as long as that; delete the sample instead")


def is_free(asset_id: str) -> Delete:
    """The condition of a write that no sample is made of an asset: that what would tell of one is not there."""
    return Delete(layout_library.audio_key(asset_id), expected=0)
