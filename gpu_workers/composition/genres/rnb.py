"""R&B: ninth chords, a laid-back swung backbeat, a bass that leaves room."""

from gpu_workers.composition.genres.record import Genre, Groove, Layer

RNB = Genre(
    name="rnb",
    tempos={"slow": (60, 72), "medium": (76, 92), "fast": (96, 112)},
    form=(("verse", 8), ("chorus", 8), ("verse", 8), ("chorus", 8), ("bridge", 4), ("chorus", 8)),
    colour="ninth",
    progressions={
        "major": ("4 3 2 1", "2 5 1 6", "1 6 2 5", "4 5 3 6", "1 3 4 5s4", "4 3 6 1", "1 2 3 4"),
        "mixolydian": ("1 4 1 7", "1 5 4 7", "1 7 4 4"),
        "dorian": ("1 4 1 4", "1 2 3 4", "1 3 4 7", "1 7 4 1"),
        "minor": ("1 4 7 3", "6 7 1 1", "1 6 4 5M", "4 7 3 6", "1 3 6 5M"),
    },
    grooves=(
        Groove(0.14, ((36, "7.........5....."), (37, "....5.......5..."), (42, "4...4...4...4..."))),
        Groove(0.32, ((36, "8..5......6....."), (37, "....7.......7..."), (42, "6.4.6.4.6.4.6.4."))),
        Groove(0.50, ((36, "9..6..5...7....."), (38, "....8..3....8..."), (42, "6.5.6.546.5.6.5."))),
        Groove(0.51, ((36, "9......6..75...."), (38, "....8....3..8..."), (42, "6.5.6.5.6.546.5."))),
        Groove(0.72, ((36, "9..6..5...7..5.."), (38, "....9..4....9..3"), (39, "....7.......7..."),
                      (42, "6455645564556455"))),
        Groove(0.88, ((36, "9..6.6..9.7..6.."), (38, "....9..4.4..9..4"), (39, "....8.......8..."),
                      (42, "7566756675667566"), (46, "......6.......6."))),
    ),
    swing=0.45,
    loose=0.6,
    chromatic=0.10,
    melody_density=0.95,
    plagal=0.5,
    layers=(
        Layer("drums", "drums", ("kit_hiphop", "kit_acoustic", "kit_brush"), enter=0.14, gain_db=-2.0, room=0.12),
        Layer(
            "percussion", "perc", ("percussion_world",), enter=0.45, gain_db=-6.0, pan=0.35, room=0.2,
            patterns=((0.0, "70:..4...4...4...4."), (0.7, "70:3.5.3.5.3.5.3.5.|63:......5....4.5..")),
        ),
        Layer(
            "bass", "bass", ("bass_finger", "bass_synth", "bass_sub"), enter=0.08, gain_db=-4.5, room=0.03, duck=0.2,
            low=29, high=50,
            patterns=(
                (0.0, "R-----------5---"),
                (0.3, "R--r......5---a-"),
                (0.5, "R--R..8-..R-..a-"),
                (0.8, "R--R.r8-.rR-5-a-"),
            ),
        ),
        Layer(
            "chords", "block", ("epiano", "piano", "clavinet"), gain_db=-4.5, pan=-0.1, room=0.25, delay=0.05,
            low=50, high=74,
            patterns=((0.0, "6---------------"), (0.3, "7-----5---------"), (0.5, "7--5-----.6-5---"),
                      (0.75, "7--5..6-..6-5-4-")),
        ),
        Layer(
            "guitar", "strum", ("guitar_muted", "guitar_electric"), enter=0.48, gain_db=-10.0, pan=0.4, room=0.2,
            low=55,
            high=76, patterns=((0.0, "....6.......6..4"), (0.8, "..4.6..4..4.6.44")),
        ),
        Layer("pad", "pad", ("pad_warm", "strings", "choir"), enter=0.10, gain_db=-13.0, room=0.45, duck=0.25,
            low=55, high=79),
        Layer(
            "lead", "melody", ("vowel", "lead_soft", "vibraphone", "flute"), gain_db=-3.0, room=0.3, delay=0.2,
            low=58, high=79,
        ),
        Layer("counter", "counter", ("choir", "strings"), enter=0.62, gain_db=-10.0, pan=-0.25, room=0.4, low=60,
            high=81),
        Layer(
            "arp", "arp", ("pluck_synth", "celesta"), enter=0.74, gain_db=-11.0, pan=0.3, room=0.35, delay=0.3,
            low=64, high=88,
            patterns=((0.0, "5..5..5.5..5..5."),),
        ),
    ),
)  # fmt: skip
