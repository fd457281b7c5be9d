"""Indian: a raga over a drone, a tala on the tabla; no chord changes. A kit plays only where it is asked for."""

from gpu_workers.composition.genres.record import Genre, Groove, Layer

INDIAN = Genre(
    name="indian",
    tempos={"slow": (54, 70), "medium": (78, 100), "fast": (116, 146)},
    form=(("verse", 8), ("chorus", 8), ("verse", 8), ("bridge", 8), ("chorus", 8)),
    loose=0.5,
    triple=0.35,
    melody_density=1.05,
    grooves=(
        Groove(0.0, ((36, "7.......5......."), (37, "....4.......4..."))),
        Groove(0.4, ((36, "8.....5...6....."), (38, "....6.......6..."), (42, "5.4.5.4.5.4.5.4."))),
        Groove(0.75, ((36, "9..6..5.8..6..5."), (38, "....8.......8..."), (42, "6454645464546454"))),
    ),
    layers=(
        Layer("drone", "drone", ("tanpura",), gain_db=-10.0, room=0.35, low=36, high=60),
        Layer("tabla", "tabla", ("tabla",), enter=0.10, gain_db=-3.0, pan=0.1, room=0.15),
        Layer(
            "percussion", "perc", ("percussion_world",), enter=0.58, gain_db=-8.0, pan=-0.35, room=0.2,
            patterns=((0.0, "54:..4...4...4...4."), (0.8, "54:4.5.4.5.4.5.4.5.|70:3434343434343434")),
        ),
        Layer(
            "bass", "bass", ("bass_finger", "bass_upright"), enter=0.50, gain_db=-7.0, room=0.05, low=31, high=50,
            patterns=((0.0, "R-------R-----5-"), (0.75, "R-----R-8---5---")),
        ),
        Layer("pad", "pad", ("strings", "pad_warm"), enter=0.36, gain_db=-15.0, room=0.5, low=48, high=72),
        Layer(
            "plucked", "ostinato", ("guitar_nylon", "harp"), enter=0.62, gain_db=-10.0, pan=0.35, room=0.3,
            low=52, high=76,
            patterns=((0.0, "6...5...6...5..."), (0.8, "6.5.6.5.6.5.6.5.")),
        ),
        Layer(
            "lead", "raga", ("sitar", "bansuri", "sarangi", "violin"), gain_db=-2.0, pan=-0.05, room=0.3, delay=0.1,
            low=55, high=84,
        ),
        Layer(
            "answer", "raga", ("bansuri", "sarangi", "sitar"), enter=0.55, gain_db=-5.0, pan=0.25, room=0.35,
            delay=0.1,
            low=60, high=86,
        ),
    ),
)  # fmt: skip
