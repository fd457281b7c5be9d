"""One file into another format."""

from patchbay.catalog.workflow import Workflow
from patchbay.catalog.workflows._encoding import EncodingParams, encode

WORKFLOW = Workflow(
    slug="audio-encoder",
    name="Audio Encoder",
    description="Encodes a file as WAV, FLAC, MP3, M4A, Ogg Vorbis or Opus at a chosen rate.",
    params=EncodingParams,
    plan=lambda params, shelf: (encode(params, ("audio",), after=None),),
)
