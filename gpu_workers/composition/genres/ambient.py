"""Ambient: slow harmony, long tones, little pulse."""

from gpu_workers.composition.genres.record import Genre, Groove, Layer

AMBIENT = Genre(
    name="ambient",
    tempos={"slow": (54, 64), "medium": (66, 78), "fast": (82, 96)},
    form=(("verse", 8), ("chorus", 8), ("break", 4), ("chorus", 8)),
    colour="open",
    progressions={
        "major": ("1 1 4 4", "1 4/1 1 5s4", "6 6 4 4", "1 3 4 4", "4 4 1 1", "1 1 6 4"),
        "lydian": ("1 1 2/1 2/1", "1 2/1 6 6", "1 1 5 2", "6 6 1 2"),
        "minor": ("1 1 6 6", "1 7/1 6/1 7", "1 1 4 4", "6 6 3 7", "1 6 3 7"),
        "phrygian": ("1 1 2/1 2/1", "1 2/1 1 7", "1 1 7 2"),
        "dorian": ("1 1 4/1 4/1", "1 4 7 1", "1 2/1 4 1"),
    },
    grooves=(
        Groove(0.45, ((36, "7..............."), (42, "....3.......3..."))),
        Groove(0.60, ((36, "8.........5....."), (37, "........5......."), (42, "..4...4...4...4."))),
        Groove(0.78, ((36, "8.....5...6....."), (38, "........6......."), (42, "4.5.4.5.4.5.4.5."))),
    ),
    loose=0.5,
    melody_density=0.55,
    plagal=0.7,
    layers=(
        Layer("drums", "drums", ("kit_electronic", "kit_brush"), enter=0.45, gain_db=-8.0, room=0.45),
        Layer(
            "percussion", "perc", ("percussion_world",), enter=0.62, gain_db=-8.0, pan=-0.4, room=0.5, delay=0.3,
            patterns=((0.0, "70:4...3...4...3...|76:......4.....3..."),
                      (0.8, "70:4.3.4.3.4.3.4.3.|76:......4.....3...")),
        ),
        Layer(
            "bass", "bass", ("bass_sub", "bass_synth"), enter=0.08, gain_db=-6.0, room=0.1, low=28, high=46,
            patterns=((0.0, "R---------------"), (0.5, "R-------R-------"), (0.75, "R-----R-8-----5-")),
        ),
        Layer("pad", "pad", ("pad_warm", "pad_air", "pad_dark"), gain_db=-4.0, room=0.6, duck=0.15, low=48,
            high=74),
        Layer("air", "pad", ("pad_air", "choir", "strings"), enter=0.30, gain_db=-9.0, pan=0.2, room=0.7, low=60,
            high=86),
        Layer(
            "arp", "arp", ("harp", "pluck_synth", "vibraphone"), enter=0.18, gain_db=-7.0, pan=-0.35, room=0.5,
            delay=0.4,
            low=55, high=84,
            patterns=((0.0, "5.......4......."), (0.22, "5...4...5...4..."), (0.4, "5.4.5.4.5.4.5.4."),
                      (0.8, "5454545454545454")),
        ),
        Layer(
            "lead", "melody", ("piano", "celesta", "flute", "lead_soft"), gain_db=-5.0, pan=0.1, room=0.6,
            delay=0.35,
            low=60, high=84,
        ),
        Layer("counter", "counter", ("cello", "strings"), enter=0.50, gain_db=-8.0, pan=-0.2, room=0.5, low=43,
            high=64),
        Layer("riser", "riser", ("riser",), enter=0.35, gain_db=-12.0, room=0.6),
    ),
)  # fmt: skip
