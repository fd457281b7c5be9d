"""What words of a prompt mean. Data only: meaning -> phrases, parted by commas.

A weight tells how sure a word is of its meaning: 3 where it names the thing, 2 for an occasion or a use that the thing
goes with, 1 for a hint that anything else outweighs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

Kind = Literal["genre", "emotion", "tempo", "instrument", "structure", "loop", "music"]
SURE, LIKELY, HINT = 3, 2, 1


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that a phrase says. The value of an instrument is a name or several, parted by spaces."""

    kind: Kind
    value: str
    weight: int = SURE


def listed(told: str) -> frozenset[str]:
    """The words of a list that is written as one text."""
    return frozenset(told.split())


GENRES: Final[Mapping[str, str]] = {
    "electronic": "electronic, electronica, edm, techno, house, deep house, tropical house, progressive house, trance,"
    " psytrance, dubstep, drum and bass, drum & bass, drum n bass, dnb, d&b, synthwave, retrowave, vaporwave, electro,"
    " rave, hardstyle, future bass, eurodance, chiptune, 8 bit, idm, breakbeat, synth pop, synthpop, big room, garage,"
    " electro house, dance music",
    "hiphop": "hip hop, hiphop, rap, trap, lo fi, lofi, boom bap, drill, chill hop, chillhop, phonk, grime, trip hop",
    "pop": "pop, k pop, kpop, j pop, jpop, disco, dance pop, electropop, teen pop, power pop",
    "rnb": "rnb, r&b, r & b, r and b, r n b, rhythm and blues, soul, neo soul, funk, funky, motown, gospel, jazz,"
    " jazzy, smooth jazz, blues, swing, bossa nova, reggae",
    "indie": "indie, indie pop, indie rock, indie folk, rock, pop rock, folk, country, americana, alternative, punk,"
    " pop punk, metal, grunge, shoegaze, singer songwriter, bluegrass, surf rock, acoustic pop, celtic",
    "ambient": "ambient, new age, soundscape, chillout, chill out, drone music, dark ambient, space music",
    "cinematic": "cinematic, orchestral, orchestra, classical, symphonic, symphony, film score, movie score, baroque,"
    " filmic, chamber music, opera, neoclassical, modern classical",
    "indian": "indian, bollywood, hindustani, carnatic, raga, raag, bhangra, indian classical, classical indian, desi,"
    " sufi, ghazal, qawwali, bhajan, punjabi, indian folk",
}

GENRE_HINTS: Final[Mapping[str, str]] = {
    "electronic": "dance, club, rave party, clubbing, festival, futuristic, sci fi, scifi, cyberpunk",
    "cinematic": "soundtrack, film, movie, trailer, score, fantasy, medieval, adventure, documentary, game, drama",
    "ambient": "spa, yoga, sleep, sleeping, lullaby, atmospheric, meditation, meditative, nature, massage",
    "hiphop": "beats, street, gangster, freestyle",
    "indie": "acoustic, road trip, campfire, cowboy, western",
    "indian": "devotional, diwali, holi, india, hindi, tamil",
    "pop": "radio, chart, catchy",
}

EMOTIONS: Final[Mapping[str, str]] = {
    "sad": "sad, sadness, melancholy, melancholic, sorrow, sorrowful, heartbroken, heartbreak, mournful, tearful,"
    " emotional, bittersweet, lonely, wistful, somber, sombre, moody, grief, blue mood, weepy",
    "calm": "calm, calming, calmer, peaceful, peace, serene, gentle, quiet, tranquil, meditative, still, soft, quieter",
    "relaxing": "relaxing, relaxed, relax, relaxation, chill, chilled, laid back, mellow, soothing, easygoing,"
    " easy going, lounge, sleepy, cozy, cosy, smooth",
    "motivational": "motivational, motivating, motivation, determined, driving, confident",
    "inspirational": "inspirational, inspiring, uplifting, hopeful, hope, inspire, heartfelt",
    "happy": "happy, happiness, positive, bright, feel good, feelgood, sunny, wholesome, optimistic, happier",
    "cheerful": "cheerful, playful, fun, funny, quirky, lighthearted, light hearted, bouncy, jolly, whimsical, silly,"
    " comedic, goofy",
    "joyful": "joyful, joyous, joy, celebratory, celebration, festive, jubilant, ecstatic, euphoric",
    "energetic": "energetic, energy, high energy, exciting, excited, hype, pumping, lively, vibrant, dynamic,"
    " adrenaline, powerful beat, groovy, banging, hard hitting",
    "triumphant": "triumphant, triumph, epic, victorious, victory, heroic, hero, majestic, glorious, powerful, grand,"
    " anthemic",
    "angry": "angry, anger, aggressive, rage, furious, fierce, hostile, violent, brutal",
    "tense": "tense, tension, suspense, suspenseful, thriller, dramatic, mysterious, mystery, intense, urgent, anxious,"
    " edgy, ominous",
    "scary": "scary, horror, creepy, spooky, eerie, haunting, haunted, sinister, halloween, terrifying, evil, menacing",
    "fearful": "fearful, fear, afraid, nervous, frightened, dread, panic, unease, uneasy",
    "depressing": "depressing, depressed, depressive, bleak, gloomy, hopeless, despair, miserable, tragic",
    "dreamy": "dreamy, dream, dreamlike, ethereal, floating, hazy, nostalgic, nostalgia, romantic, magical, spacey,"
    " hypnotic, celestial",
}

OCCASIONS: Final[Mapping[str, str]] = {
    "energetic": "party, workout, gym, sports, sport, action, running, fitness, racing, football, banger, extreme",
    "calm": "meditation, study, studying, focus, concentration, yoga, sleep, sleeping, lullaby, nature, reading",
    "relaxing": "spa, massage, coffee shop, cafe, beach, dinner, restaurant, lazy",
    "motivational": "corporate, business, presentation, startup, technology, product, tutorial, explainer",
    "inspirational": "charity, graduation, documentary, speech, non profit",
    "happy": "wedding, vlog, travel, summer, family, cooking, commercial, advert",
    "cheerful": "kids, children, cartoon, baby, comedy, toy",
    "joyful": "christmas, birthday, holiday, diwali, holi, carnival, new year",
    "tense": "dark, spy, crime, detective, heist, chase, battle, war",
    "dreamy": "love, space, cosmic, underwater, stars, fantasy, night sky",
    "sad": "funeral, rainy, farewell, breakup, break up",
    "triumphant": "trailer, sports victory, champions, medieval",
}

EMOTION_HINTS: Final[Mapping[str, str]] = {
    "cheerful": "upbeat, up beat",
    "relaxing": "lo fi, lofi, chill hop, chillhop, jazz, downtempo, down tempo, lounge music",
    "sad": "blues, ballad, rain",
    "energetic": "drop, drum and bass, hardstyle, punk",
    "triumphant": "climax",
    "angry": "metal",
    "dreamy": "atmospheric, shoegaze",
}

TEMPOS: Final[Mapping[str, str]] = {
    "fast": "fast, faster, quick, rapid, brisk, speedy, up tempo, uptempo, high tempo, allegro, presto, vivace, upbeat,"
    " up beat, fast paced",
    "medium": "medium tempo, medium speed, moderate, moderately, mid tempo, midtempo, andante, moderato, medium paced,"
    " medium pace, medium",
    "slow": "slow, slower, slowly, down tempo, downtempo, low tempo, largo, adagio, lento, slow paced",
}

INSTRUMENTS: Final[Mapping[str, str]] = {
    "kit_acoustic kit_electronic kit_hiphop kit_brush taiko": "drum, drum kit, drumming, drum beat",
    "kit_electronic kit_hiphop": "drum machine, electronic drum, 808 drum, trap drum, hi hat, hihat",
    "kit_acoustic": "acoustic drum, live drum, rock drum",
    "kit_brush": "brushed drum, brush, jazz drum",
    "percussion_world kit_acoustic kit_electronic kit_hiphop kit_brush taiko tabla": "percussion, percussive",
    "percussion_world": "conga, bongo, shaker, djembe, tambourine, hand percussion, maraca",
    "taiko": "taiko, war drum, epic drum, timpani",
    "tabla": "tabla, dhol, dholak, mridangam",
    "bass_finger bass_synth bass_sub bass_upright": "bass, bass line, bassline",
    "bass_finger": "bass guitar, electric bass, slap bass",
    "bass_upright": "upright bass, double bass, contrabass, walking bass",
    "bass_synth": "synth bass, acid bass, reese bass",
    "bass_sub": "sub bass, sub, 808, 808 bass",
    "piano": "piano, grand piano, upright piano, felt piano",
    "epiano": "electric piano, rhodes, epiano, e piano, wurlitzer",
    "organ": "organ, hammond, church organ, accordion, harmonica",
    "clavinet": "clavinet, clav, harpsichord",
    "piano epiano organ clavinet": "keys, keyboard",
    "brass": "brass, horn, trumpet, trombone, french horn, saxophone, sax, tuba, horn section",
    "strings cello violin strings_pizz": "string, string section, string quartet, orchestral string",
    "violin": "violin, fiddle",
    "cello": "cello, viola",
    "strings_pizz": "pizzicato, plucked string, pizzicato string",
    "harp": "harp, lyre, koto",
    "choir": "choir, choral, chant",
    "choir vowel": "vocal, voice, singing, singer, sung, lyric, humming",
    "guitar_steel guitar_nylon guitar_electric guitar_muted": "guitar",
    "guitar_steel guitar_nylon": "acoustic guitar, banjo, mandolin",
    "guitar_nylon": "nylon guitar, classical guitar, spanish guitar, ukulele, fingerpicked guitar",
    "guitar_electric": "electric guitar, guitar riff, distorted guitar, lead guitar",
    "guitar_muted": "muted guitar, funk guitar, palm muted guitar",
    "lead_soft lead_saw lead_square pluck_synth": "synth, synthesizer, synthesiser, synth lead, lead synth",
    "lead_saw": "saw synth, supersaw, saw lead",
    "lead_square": "square lead, chip lead, square wave",
    "pluck_synth": "pluck, synth pluck, arp, arpeggio, arpeggiated synth",
    "pad_warm pad_air pad_dark": "pad, synth pad",
    "pad_warm": "warm pad",
    "pad_dark": "dark pad",
    "marimba": "marimba, xylophone, kalimba, steel drum",
    "vibraphone": "vibraphone, vibes solo",
    "glockenspiel": "glockenspiel, bell, chime",
    "celesta": "celesta, music box",
    "flute": "flute, clarinet, oboe, recorder, woodwind, pan flute, tin whistle",
    "bansuri": "bansuri, bamboo flute, indian flute",
    "sitar": "sitar, sarod, veena",
    "sarangi": "sarangi, erhu",
    "tanpura": "tanpura, tambura, indian drone",
    "vinyl": "vinyl, vinyl crackle, crackle, vinyl noise",
    "riser": "riser",
    "impact": "impact, boom, braam",
}

BEATLESS: Final = "beatless, drumless, drum free, percussion free, unpercussive"
"""Words that refuse drums by themselves."""
VOICELESS: Final = "instrumental, vocal free, vocals free"

STRUCTURE: Final[Mapping[str, str]] = {
    "intro": "intro, introduction",
    "verse": "verse",
    "chorus": "chorus, hook, refrain",
    "bridge": "bridge",
    "build": "build, buildup, build up, crescendo",
    "drop": "drop",
    "breakdown": "breakdown",
    "climax": "climax, peak",
    "outro": "outro, finale, coda",
}

LOOP: Final = "loop, looping, looped, loopable, seamless, seamless loop, seamlessly looping"
MUSIC: Final = (
    "music, musical, song, track, tune, beat, melody, jingle, background music, instrumental, composition, playlist,"
    " bgm, ballad, groove, anthem, riff, theme, ost, rhythm, musik, underscore, piece of music, lullaby, hymn, march"
)


def phrases(told: str) -> Iterator[tuple[str, ...]]:
    """The phrases of a list, each as its words."""
    for phrase in told.split(","):
        yield tuple(phrase.split())


@cache
def vocabulary() -> Mapping[tuple[str, ...], tuple[Meaning, ...]]:
    """Phrase -> all that it says."""
    found: dict[tuple[str, ...], list[Meaning]] = {}

    def add(kind: Kind, table: Mapping[str, str], weight: int = SURE) -> None:
        for value, told in table.items():
            for phrase in phrases(told):
                found.setdefault(phrase, []).append(Meaning(kind, value, weight))

    add("genre", GENRES)
    add("genre", GENRE_HINTS, HINT)
    add("emotion", EMOTIONS)
    add("emotion", OCCASIONS, LIKELY)
    add("emotion", EMOTION_HINTS, HINT)
    add("tempo", TEMPOS)
    add("instrument", INSTRUMENTS)
    add("structure", STRUCTURE)
    add("loop", {"loop": LOOP})
    add("music", {"music": MUSIC})
    return {phrase: tuple(meanings) for phrase, meanings in found.items()}


LONGEST: Final = 4
"""Words in the longest phrase."""
