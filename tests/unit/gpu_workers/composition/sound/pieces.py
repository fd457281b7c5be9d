"""Scores for the tests, made without the writer."""

from gpu_workers.composition.score import Note, Part, Score

_CHORDS = ((57, 60, 64), (53, 57, 60), (48, 52, 55), (55, 59, 62))


def part(name: str, instrument: str, notes: list[Note], **other: object) -> Part:
    """A part with little of everything, or what `other` says."""
    settings: dict[str, object] = {"gain_db": 0.0, "pan": 0.0, "send_room": 0.2, "send_delay": 0.0, "duck": 0.0} | other
    return Part(name, instrument, tuple(notes), **settings)  # type: ignore[arg-type]


def score(
    parts: list[Part], duration_s: float, *, tempo_bpm: float = 120.0, loop: bool = False, seed: int = 7
) -> Score:
    """A score of these parts."""
    return Score(
        seed=seed, genre="pop", tempo_bpm=tempo_bpm, beats_per_bar=4, key="A minor", scale=(9, 11, 0, 2, 4, 5, 7),
        duration_s=duration_s, parts=tuple(parts), chords=(), sections=(), swing=0.0, loop=loop,
    )  # fmt: skip


def drums(beats: int) -> list[Note]:
    """Kick, snare, hats in eighths."""
    notes = [Note(float(b), 0.25, 36 if b % 2 == 0 else 38, 0.85) for b in range(beats)]
    return notes + [Note(b / 2, 0.2, 46 if b % 8 == 7 else 42, 0.5 + 0.2 * (b % 2)) for b in range(2 * beats)]


def bass(beats: int) -> list[Note]:
    """Roots in eighths."""
    return [Note(b / 2, 0.45, _CHORDS[b // 8 % 4][0] - 24, 0.6 + 0.05 * (b % 5)) for b in range(2 * beats)]


def chords(beats: int) -> list[Note]:
    """Triads, one a bar."""
    return [Note(float(b), 4.0, pitch, 0.6) for b in range(0, beats, 4) for pitch in _CHORDS[b // 4 % 4]]


def arpeggio(beats: int) -> list[Note]:
    """Triads broken into eighths, at many velocities."""
    return [Note(b / 2, 0.5, _CHORDS[b // 8 % 4][b % 3] + 12, 0.4 + 0.08 * (b % 7)) for b in range(2 * beats)]


def band(duration_s: float, *, tempo_bpm: float = 120.0, loop: bool = False, seed: int = 7) -> Score:
    """Five instruments that play throughout, sends and duck in use."""
    beats = int(duration_s * tempo_bpm / 60)
    parts = [
        part("drums", "kit_acoustic", drums(beats), send_room=0.15),
        part("bass", "bass_finger", bass(beats), send_room=0.0, duck=0.4),
        part("piano", "piano", arpeggio(beats), pan=-0.2, send_delay=0.2),
        part("pad", "pad_warm", chords(beats), send_room=0.4, duck=0.6),
        part("lead", "violin", [Note(float(b), 1.8, 69 + (b * 5) % 12, 0.7) for b in range(0, beats, 2)], pan=0.3),
    ]
    return score(parts, duration_s, tempo_bpm=tempo_bpm, loop=loop, seed=seed)
