"""Pop: four chords, a backbeat, verse and chorus."""

from gpu_workers.composition.genres.record import Genre, Groove, Layer

POP = Genre(
    name="pop",
    tempos={"slow": (72, 90), "medium": (96, 112), "fast": (118, 132)},
    form=(("verse", 8), ("build", 4), ("chorus", 8), ("verse", 8), ("chorus", 8), ("bridge", 8), ("chorus", 8)),
    progressions={
        "major": ("1 5 6 4", "1 6 4 5", "1 4 6 5", "6 4 1 5", "1 5/7 6 4", "4 1 5 6", "1 2 4 5s4+5"),
        "minor": ("1 6 3 7", "1 3 7 6", "6 7 1 1", "1 4 6 5M", "1 6 4 7", "1 7 6 7"),
        "mixolydian": ("1 4 7 4", "1 7 4 1", "1 5 7 4"),
    },
    grooves=(
        Groove(0.20, ((36, "8.......6......."), (37, "....6.......6..."), (42, "5...4...5...4..."))),
        Groove(0.38, ((36, "9.....5.8......."), (38, "....7.......7..."), (42, "6.4.6.4.6.4.6.4."))),
        Groove(0.55, ((36, "9.....6.8...5..."), (38, "....8.......8..."), (42, "7.5.7.5.7.5.7.5."))),
        Groove(0.56, ((36, "9..5....8.6....."), (38, "....8.......8..3"), (42, "7.5.7.5.7.5.7.5."))),
        Groove(
            0.74,
            (
                (36, "9...8...9...8..6"),
                (38, "....9.......9..."),
                (39, "....7.......7..."),
                (42, "7.547.547.547.54"), (46, "..............6."),
            ),
        ),
        Groove(
            0.86,
            (
                (36, "9...9..69...9.6."),
                (38, "....9.......9..."),
                (39, "....8.......8..."),
                (42, "7574757475747574"), (46, "..7...7...7...7."),
            ),
        ),
    ),
    layers=(
        Layer("drums", "drums", ("kit_acoustic", "kit_electronic"), enter=0.20, gain_db=-1.0, room=0.12),
        Layer(
            "percussion", "perc", ("percussion_world",), enter=0.60, gain_db=-4.0, pan=0.4, room=0.2,
            patterns=((0.0, "70:5.3.5.3.5.3.5.3.|54:....6.......6..."),
                      (0.8, "70:6353635363536353|54:....7.......7.4.")),
        ),
        Layer(
            "bass", "bass", ("bass_finger", "bass_synth"), enter=0.14, gain_db=-3.0, room=0.03, duck=0.25, low=31,
            high=50,
            patterns=(
                (0.0, "R---------------"),
                (0.3, "R-----R-R-----5-"),
                (0.5, "R-R-R-R-R-R-R-a-"),
                (0.8, "R-r-R-8-R-r-R-a-"),
            ),
        ),
        Layer(
            "chords", "block", ("piano", "epiano", "guitar_steel"), gain_db=-6.0, pan=-0.15, room=0.25, low=50,
            high=74,
            patterns=(
                (0.0, "6---------------"),
                (0.25, "7-------5-------"),
                (0.5, "7-----6---5---5-"),
                (0.7, "8---6---8---6---"),
            ),
        ),
        Layer(
            "guitar", "strum", ("guitar_steel", "guitar_electric"), enter=0.48, gain_db=-8.0, pan=0.35, room=0.2,
            low=48, high=72, patterns=((0.0, "7---5-5-..5-5-5-"), (0.8, "8-5-7-5-8-5-7-55")),
        ),
        Layer("pad", "pad", ("pad_warm", "strings"), enter=0.10, gain_db=-13.0, room=0.45, duck=0.3, low=52, high=76),
        Layer(
            "arp", "arp", ("pluck_synth", "marimba"), enter=0.66, gain_db=-9.0, pan=-0.4, room=0.3, delay=0.25,
            low=60, high=86, patterns=((0.0, "6.5.6.5.6.5.6.5."), (0.85, "6556655665566556")),
        ),
        Layer(
            "lead", "melody", ("vowel", "lead_soft", "piano", "glockenspiel"), enter=0.0, gain_db=-3.0, room=0.3,
            delay=0.18,
            low=60, high=81,
        ),
        Layer("counter", "counter", ("strings", "choir"), enter=0.70, gain_db=-9.0, pan=0.2, room=0.4, low=62,
            high=84),
        Layer("riser", "riser", ("riser",), enter=0.25, gain_db=-8.0, room=0.4),
        Layer("impact", "impact", ("impact",), enter=0.55, gain_db=-10.0, room=0.5),
    ),
)  # fmt: skip
