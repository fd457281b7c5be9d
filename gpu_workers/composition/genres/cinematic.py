"""Cinematic: strings that build, an ostinato, brass and taiko at the top. A kit plays only where it is asked for."""

from gpu_workers.composition.genres.record import Genre, Groove, Layer

CINEMATIC = Genre(
    name="cinematic",
    tempos={"slow": (58, 74), "medium": (80, 104), "fast": (114, 142)},
    form=(("verse", 8), ("build", 8), ("chorus", 8), ("break", 4), ("build", 8), ("chorus", 12)),
    colour="modal",
    progressions={
        "major": ("1 5 6 4", "1 4 6 5", "1 3 6 4", "6 4 1 5", "1 4/1 5/1 1", "4 5 6 5", "1 6 4 5"),
        "lydian": ("1 2/1 1 2", "1 2 6 5", "1 5 2 1", "6 1 2 2"),
        "mixolydian": ("1 7 4 1", "1 4 7 4", "4 7 1 1"),
        "minor": ("1 6 3 7", "1 7 6 7", "1 4 6 5M", "1 6 4 5M", "6 7 1 1", "1 3 7 4"),
        "phrygian": ("1 2 1 7", "1 2/1 7/1 1", "1 6 2 1", "1 4 2 1"),
        "dorian": ("1 4 1 4", "1 7 4 1", "1 3 4 7"),
    },
    loose=0.5,
    triple=0.35,
    melody_density=0.7,
    plagal=0.35,
    grooves=(
        Groove(0.0, ((36, "8.......5......."),)),
        Groove(0.4, ((36, "8.......6......."), (41, "......4.......44"), (38, "....5.......5..."))),
        Groove(0.7, ((36, "9.....6.8.....6."), (41, "..5...5...5...55"), (38, "....8.......8..."))),
    ),
    layers=(
        Layer(
            "taiko", "perc", ("taiko",), enter=0.40, gain_db=-2.0, room=0.45,
            patterns=(
                (0.0, "36:8..............."),
                (0.5, "36:8.......6.......|41:............5.5."),
                (0.62, "36:9.....6.8...6...|41:....5.......5.56|37:..3...3...3...3."),
                (0.8, "36:9..6..6.9..6.6.6|41:....7.......7.77|37:3.4.3.4.3.4.3.4."),
            ),
        ),
        Layer(
            "percussion", "perc", ("kit_acoustic",), enter=0.66, gain_db=-3.0, room=0.45,
            patterns=((0.0, "38:....3..3....3.33"), (0.82, "38:5.335.335.335.55|49:8...............................")),
        ),
        Layer("bass", "bass", ("strings", "cello", "bass_sub"), enter=0.10, gain_db=-5.0, room=0.35, low=28, high=47,
              patterns=((0.0, "R---------------"), (0.6, "R-------R-------"), (0.8, "R---R---R---R-a-"))),
        Layer("strings", "pad", ("strings", "pad_warm"), gain_db=-5.0, pan=-0.1, room=0.5, low=50, high=76),
        Layer(
            "piano", "arp", ("piano", "harp", "celesta"), leave=0.62, gain_db=-7.0, pan=0.15, room=0.45, low=53,
            high=81,
            patterns=((0.0, "6.......5......."), (0.14, "6...5...6...5..."), (0.28, "6.5.5.5.6.5.5.5.")),
        ),
        Layer(
            "ostinato", "ostinato", ("strings_pizz", "strings", "cello"), enter=0.36, gain_db=-6.5, pan=0.25, room=0.3,
            low=50, high=72,
            patterns=((0.0, "6...5...6...5..."), (0.45, "7.5.7.5.7.5.7.5."), (0.72, "7556755675567556")),
        ),
        Layer("choir", "pad", ("choir", "pad_dark"), enter=0.44, gain_db=-10.0, room=0.6, low=55, high=79),
        Layer("brass", "block", ("brass",), enter=0.62, gain_db=-6.0, pan=-0.2, room=0.45, low=46, high=70,
              patterns=((0.0, "7---------------"), (0.8, "9-----7-8-------"))),
        Layer(
            "lead", "melody", ("violin", "cello", "flute", "piano"), gain_db=-3.0, pan=0.1, room=0.5, delay=0.08,
            low=57, high=84,
        ),
        Layer("horns", "counter", ("brass", "cello"), enter=0.54, gain_db=-7.0, pan=-0.3, room=0.5, low=48, high=67),
        Layer("riser", "riser", ("riser",), enter=0.25, gain_db=-9.0, room=0.5),
        Layer("impact", "impact", ("impact",), enter=0.45, gain_db=-6.0, room=0.6),
    ),
)  # fmt: skip
