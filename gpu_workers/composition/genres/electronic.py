"""Electronic: four on the floor, an arpeggio, builds with rolls and risers, drops that duck under the kick."""

from gpu_workers.composition.genres.record import Genre, Groove, Layer

ELECTRONIC = Genre(
    name="electronic",
    tempos={"slow": (98, 110), "medium": (118, 126), "fast": (128, 142)},
    form=(("verse", 8), ("build", 8), ("chorus", 16), ("break", 8), ("build", 4), ("chorus", 16)),
    progressions={
        "major": ("1 5 6 4", "6 4 1 5", "4 1 5 6", "1 3 4 5", "1 6 4 5"),
        "lydian": ("1 2 6 5", "1 2 1 2", "6 2 1 5"),
        "mixolydian": ("1 7 4 1", "1 4 7 4", "1 1 7 4"),
        "dorian": ("1 7 4 1", "1 3 4 7", "1 1 4 4"),
        "minor": ("1 6 3 7", "6 7 1 1", "1 7 6 7", "1 3 7 6", "1 4 6 7", "1 1 6 7"),
        "phrygian": ("1 1 2 1", "1 2 7 1", "1 7 2 1"),
    },
    grooves=(
        Groove(0.10, ((36, "8.......7......."), (42, "..4...4...4...4."))),
        Groove(0.24, ((36, "8...7...8...7..."), (42, "..5...5...5...5."))),
        Groove(0.42, ((36, "9...8...9...8..."), (39, "....7.......7..."), (42, "..6...6...6...6."))),
        Groove(0.58, ((36, "9...9...9...9..."), (39, "....8.......8..."), (46, "..7...7...7...7."),
                      (42, "5.4.5.4.5.4.5.4."))),
        Groove(0.59, ((36, "9...9...9...9..."), (39, "....8.......8.4."), (46, "..7...7...7...7."),
                      (42, "54.554.554.554.5"))),
        Groove(
            0.80,
            (
                (36, "9...9...9...9..5"),
                (38, "....8.......8..."),
                (39, "....8.......8..."),
                (46, "..8...8...8...8."),
                (42, "6565656565656565"),
            ),
        ),
    ),
    loose=0.05,
    melody_density=0.9,
    layers=(
        Layer("drums", "drums", ("kit_electronic",), enter=0.10, gain_db=0.0, room=0.08),
        Layer(
            "percussion", "perc", ("percussion_world",), enter=0.5, gain_db=-3.0, pan=0.35, room=0.2, delay=0.1,
            patterns=((0.0, "70:..4...4...4...4.|75:......5....5...."),
                      (0.8, "70:4554455445544554|75:...5..5....5..5.")),
        ),
        Layer(
            "bass", "bass", ("bass_synth", "bass_sub"), enter=0.08, gain_db=-2.0, duck=0.6, low=29, high=48,
            patterns=(
                (0.0, "R---------------"),
                (0.25, "R-..R-..R-..R-.."),
                (0.45, "R-R-R-R-R-R-R-R-"),
                (0.7, "R-R8R-R8R-R8R-R8"),
            ),
        ),
        Layer("pad", "pad", ("pad_warm", "pad_air", "strings"), gain_db=-9.0, room=0.5, duck=0.6, low=52, high=76),
        Layer(
            "arp", "arp", ("pluck_synth", "lead_square"), gain_db=-6.0, pan=-0.25, room=0.3, delay=0.35, duck=0.3,
            low=57, high=84,
            patterns=((0.0, "5...5...5...5..."), (0.2, "6.5.6.5.6.5.6.5."), (0.5, "6.556.556.556.55"),
                      (0.7, "6545654565456545")),
        ),
        Layer(
            "chords", "block", ("lead_saw", "piano", "organ"), enter=0.42, gain_db=-8.0, room=0.25, delay=0.1,
            duck=0.5,
            low=52, high=76, patterns=((0.0, "..6-..6-..6-..6-"), (0.6, "7--7--6-..7-..6-"), (0.8, "8--7--8--7--8-7-")),
        ),
        Layer(
            "lead", "melody", ("lead_soft", "lead_saw", "lead_square", "vowel"), gain_db=-2.5, room=0.3,
            delay=0.3, duck=0.2,
            low=62, high=86,
        ),
        Layer("counter", "counter", ("pad_air", "choir"), enter=0.72, gain_db=-9.0, pan=0.2, room=0.5, duck=0.4,
            low=64, high=84),
        Layer("riser", "riser", ("riser",), enter=0.15, gain_db=-4.0, room=0.4),
        Layer("impact", "impact", ("impact",), enter=0.4, gain_db=-7.0, room=0.5),
    ),
)  # fmt: skip
