"""A project's document as an arrangement: what the rendering engine, and the length of a project, are made of."""

from functions.dialects.twoshot.schemas.projects import Clip, ProjectData, Track, source_key
from patchbay.domain import arrangement as nouns
from patchbay.domain.arrangement import Arrangement
from patchbay.domain.projects import Reference


def arrangement_of(data: ProjectData) -> tuple[Arrangement, tuple[Reference, ...]]:
    """A document as an arrangement, and what its sources are: one for each that differs from the others.

    A reference knows where in the document it stands first. The tempi of the sources are not in a document: the
    arrangement has none.
    """
    references: dict[tuple[object, ...], Reference] = {}
    for path, clip in data.clips():
        source = clip.source
        references.setdefault(
            source_key(source),
            Reference(
                name=f"source-{len(references) + 1}",
                audio_id=source.audioId,
                sample_id=source.sampleId,
                generation_id=source.generationJobId,
                output_name=source.outputName,
                field=f"{path}.source",
            ),
        )
    names = {key: reference.name for key, reference in references.items()}
    solo = data.soloTarget
    made = Arrangement(
        tempo_bpm=data.tempo,
        tracks=tuple(_track(track, names) for track in data.tracks),
        sources=tuple(nouns.Source(name=name) for name in names.values()),
        solo_track=solo.track if solo else None,
        solo_clip=solo.clip if solo else None,
    )
    return made, tuple(references.values())


def _track(track: Track, names: dict[tuple[object, ...], str]) -> nouns.Track:
    return nouns.Track(
        id=track.id,
        name=track.name,
        clips=tuple(_clip(clip, names[source_key(clip.source)]) for clip in track.clips),
        volume=track.volume,
        pan=track.pan,
        muted=track.muted,
        loop_every=track.loopEvery,
    )


def _clip(clip: Clip, source: str) -> nouns.Clip:
    return nouns.Clip(
        id=clip.id,
        source=source,
        start_beats=clip.position,
        cut_start_s=clip.cutStart,
        cut_end_s=clip.cutEnd,
        volume=clip.volume,
        pan=clip.pan,
        muted=clip.muted,
        semitones=clip.pitchOffset,
        reversed=clip.reversed,
        speed=clip.speed,
        preserve_pitch=clip.preservePitch,
    )
