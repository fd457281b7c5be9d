"""Indie: guitars, live drums, a melody with air around it."""

from gpu_workers.composition.genres.record import Genre, Groove, Layer

INDIE = Genre(
    name="indie",
    tempos={"slow": (78, 94), "medium": (102, 120), "fast": (126, 148)},
    form=(("verse", 8), ("verse", 8), ("chorus", 8), ("verse", 8), ("chorus", 8), ("break", 4), ("chorus", 8)),
    progressions={
        "major": ("1 1 4 4", "1 4 6 5", "1 3 4 5", "1 5 2 4", "4 1 5 6", "1 1s4 4 4", "1 6 3 4"),
        "mixolydian": ("1 7 4 1", "1 4 7 4", "1 5 7 4"),
        "minor": ("1 6 3 7", "1 7 4 4", "1 3 7 4", "6 3 7 1", "1 5 6 4"),
        "dorian": ("1 4 1 4", "1 3 4 7", "1 7 4 1"),
    },
    grooves=(
        Groove(0.24, ((36, "7..............."), (37, "........5......."), (42, "5...3...5...3..."))),
        Groove(0.36, ((36, "8.....5...6....."), (38, "....7.......7..."), (42, "6...5...6...5..."))),
        Groove(0.52, ((36, "9.....6...8....."), (38, "....8.......8..."), (42, "7.5.7.5.7.5.7.5."))),
        Groove(0.53, ((36, "9...6.....8.6..."), (38, "....8.......8..."), (51, "7.5.7.5.7.5.7.5."))),
        Groove(0.72, ((36, "9..6..6.9.6....."), (38, "....9.......9.35"), (46, "7...7...7...7..."),
                      (42, "..6...6...6...6."))),
        Groove(0.86, ((36, "9.6.9.6.9.6.9.6."), (38, "....9..4.4..9.55"), (51, "8.6.8.6.8.6.8.6."),
                      (46, "..7...7...7...7."))),
    ),
    loose=0.7,
    plagal=0.6,
    melody_density=0.9,
    layers=(
        Layer("drums", "drums", ("kit_acoustic", "kit_brush"), enter=0.24, gain_db=-1.5, room=0.2),
        Layer(
            "percussion", "perc", ("percussion_world",), enter=0.5, gain_db=-7.0, pan=-0.4, room=0.2,
            patterns=((0.0, "54:..4...4...4...4."), (0.75, "54:4.6.4.6.4.6.4.6.")),
        ),
        Layer(
            "bass", "bass", ("bass_finger",), enter=0.12, gain_db=-3.0, room=0.04, low=28, high=50,
            patterns=(
                (0.0, "R---------------"),
                (0.25, "R-------R-----a-"),
                (0.5, "R-R-R-R-R-R-5-a-"),
                (0.8, "R-R-R-8-R-R-5-a-"),
            ),
        ),
        Layer(
            "chords", "strum", ("guitar_steel", "guitar_nylon", "guitar_electric"), gain_db=-5.0, pan=-0.3, room=0.2,
            low=45, high=70,
            patterns=((0.0, "6---------------"), (0.2, "6-------5---4---"), (0.4, "7---5-5-..5-5---"),
                      (0.6, "8---6-6-..6-6-6-")),
        ),
        Layer(
            "picking", "arp", ("guitar_nylon", "guitar_electric", "guitar_muted"), gain_db=-8.0, pan=0.35, room=0.25,
            delay=0.1, low=52, high=76, patterns=((0.0, "6...5...6...5..."), (0.25, "6.5.6.5.6.5.6.5.")),
        ),
        Layer("organ", "pad", ("organ", "pad_warm", "strings"), enter=0.45, gain_db=-14.0, room=0.35, low=55, high=76),
        Layer(
            "lead", "melody", ("guitar_electric", "vowel", "glockenspiel", "piano"), gain_db=-3.5, pan=0.05, room=0.3,
            delay=0.2, low=60, high=81,
        ),
        Layer("counter", "counter", ("cello", "violin", "strings"), enter=0.62, gain_db=-8.0, pan=-0.2, room=0.4,
              low=52, high=74),
    ),
)  # fmt: skip
