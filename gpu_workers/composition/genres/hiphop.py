"""Hip-hop: swung boom-bap at the quiet end, trap hats and long low notes at the other; two bars that loop."""

from gpu_workers.composition.genres.record import Genre, Groove, Layer

HIPHOP = Genre(
    name="hiphop",
    tempos={"slow": (66, 78), "medium": (82, 94), "fast": (96, 110)},
    form=(("verse", 8), ("chorus", 8), ("verse", 8), ("verse", 4), ("chorus", 8), ("break", 4)),
    colour="seventh",
    progressions={
        "major": ("2 5 1 1", "4 3 2 1", "1 6 2 5", "1 4 1 4", "4 5 6 6"),
        "mixolydian": ("1 7 1 7", "1 4 1 7", "1 7 4 1"),
        "dorian": ("1 4 1 4", "1 1 4 4", "1 2 1 2", "1 3 4 1"),
        "minor": ("1 6 1 6", "1 4 6 5M", "1 1 6 7", "1 7 6 5M", "6 7 1 1", "1 4 1 5M"),
        "phrygian": ("1 2 1 2", "1 1 2 7", "1 7 2 1"),
    },
    grooves=(
        Groove(0.10, ((36, "7.........5....."), (37, "....5.......5..."), (42, "4...4...4...4..."))),
        Groove(0.26, ((36, "9......5..7....."), (38, "....7.......7..."), (42, "6.4.6.4.6.4.6.4."))),
        Groove(0.27, ((36, "9..5......7....."), (38, "....7.......7..."), (42, "6.4.6.4.6.4.6.4."))),
        Groove(0.48, ((36, "9..6...5..8....."), (38, "....8..3.3..8..."), (42, "7.5.7.5.7.5.7.55"),
                      (46, "..............5."))),
        Groove(0.49, ((36, "9.6....5..86...."), (38, "....8....3..8..3"), (42, "7.5.7.5.7.567.5."))),
        Groove(0.70, ((36, "9..6..6...8..5.."), (38, "....9.......9..."), (39, "....8.......8..."),
                      (42, "7566757567667777"))),
        Groove(
            0.84,
            (
                (36, "9..6..6.8.8..6.6"),
                (38, "....9..4....9.44"),
                (39, "....9.......9..."),
                (42, "7677767767777777"), (46, "......6.......6."),
            ),
        ),
    ),
    swing=0.5,
    loose=0.6,
    chromatic=0.08,
    melody_density=0.7,
    plagal=0.4,
    layers=(
        Layer("drums", "drums", ("kit_hiphop", "kit_electronic"), enter=0.08, gain_db=0.0, room=0.08),
        Layer(
            "percussion", "perc", ("percussion_world",), enter=0.55, gain_db=-2.0, pan=0.4, room=0.2,
            patterns=((0.0, "70:..4...4...4...4."), (0.75, "70:4.5.4.5.4.5.4.5.|75:......5.......5.")),
        ),
        Layer(
            "bass", "bass", ("bass_sub", "bass_upright", "bass_synth"), gain_db=-1.5, duck=0.15, room=0.02,
            low=28, high=46,
            patterns=(
                (0.0, "R---------------"),
                (0.25, "R------R--R---a-"),
                (0.5, "R--R---5--R---a-"),
                (0.75, "R--R--R-8-R--Ra-"),
            ),
        ),
        Layer(
            "chords", "block", ("epiano", "piano", "vibraphone"), gain_db=-5.0, pan=-0.15, room=0.2, delay=0.08,
            low=50, high=74,
            patterns=((0.0, "6---------------"), (0.25, "6-----5---------"), (0.5, "7--5----..5-----"),
                      (0.75, "7--5--6-..5--5--")),
        ),
        Layer("pad", "pad", ("pad_dark", "strings", "choir"), enter=0.12, gain_db=-13.0, room=0.4, duck=0.35,
            low=52, high=76),
        Layer(
            "sample", "arp", ("guitar_nylon", "harp", "pluck_synth"), enter=0.34, gain_db=-8.0, pan=0.3,
            room=0.25, delay=0.15,
            low=57, high=81, patterns=((0.0, "6..5..5...5..5.."), (0.65, "6.55.55.6.55.55.")),
        ),
        Layer(
            "lead", "melody", ("flute", "lead_soft", "piano", "vowel"), enter=0.06, gain_db=-5.0, pan=0.1,
            room=0.25, delay=0.25,
            low=60, high=81,
        ),
        Layer("counter", "counter", ("strings", "brass"), enter=0.68, gain_db=-8.0, pan=-0.3, room=0.35, low=55,
            high=76),
        Layer("vinyl", "texture", ("vinyl",), leave=0.62, gain_db=-26.0),
        Layer("impact", "impact", ("impact",), enter=0.7, gain_db=-10.0, room=0.4),
    ),
)  # fmt: skip
