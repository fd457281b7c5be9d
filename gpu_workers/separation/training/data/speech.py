"""Words of espeak-ng and Pico: taken apart so that they can be sung at any pitch and length, or as they are spoken."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.signal import butter, sosfiltfilt

from gpu_workers.separation.fitting.programs import program, speech
from gpu_workers.separation.training.data.plans import RATE_HZ, choose
from gpu_workers.separation.training.data.vocoder import BIN_HZ, BINS, FFT, HOP, Spectra

Array = npt.NDArray[np.float64]

_WORDS = {
    "en-us": "love me tonight never alone shining river follow dreams heart fire on away home wait time over you know",
    "en-gb": "morning window falling slowly hold my hand rain summer darling something broken light sea yesterday",
    "it": "amore mio notte cuore vola sempre sole canto vita bella ancora dove luna parole mare cielo senza",
    "es": "corazón noche vida quiero bailar contigo fuego siempre luna tiempo camino mañana cielo sueño voz",
    "de": "Liebe Nacht immer weiter tanzen Himmel allein Stern morgen wieder leuchten Sehnsucht Traum Herz",
    "fr-fr": "amour toujours la nuit je rêve encore soleil danser vie chanson matin coeur lumière avec toi",
    "pt-br": "saudade coração dançar menina noite luz caminho sonho mar vento amanhã vida voltar você",
    "sv": "kärlek natten himmel sommar dansa hjärta alltid drömmar havet ljuset igen hemma vinden",
    "pl": "miłość noc serce tańczyć zawsze słońce droga marzenia niebo razem znowu gwiazdy",
    "ru": "любовь ночь сердце танец небо дорога всегда солнце мечта звезда снова море",
    "ja": "こころ そら ひかり ゆめ あい かぜ うみ はな よる ほし",
    "hi": "प्यार दिल रात सपना चाँद गीत हवा जीवन साथ आज",
    "tr": "aşk gece kalbim güneş deniz rüya gözlerin bizim seni sonsuz",
    "el": "αγάπη νύχτα καρδιά ήλιος θάλασσα όνειρο τραγούδι ουρανός πάντα φως",
    "fi": "rakkaus yö sydän tanssi taivas aina kesä meri unelma valo",
    "cs": "láska noc srdce tanec nebe slunce sen hvězda píseň znovu",
}  # fmt: skip
_VARIANTS = (
    "f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "klatt", "klatt2", "klatt3",
    "klatt4", "klatt5", "klatt6", "Alex", "Alicia", "Andrea", "Andy", "Annie", "Denis", "Diogo", "Gene", "Hugo",
    "Jacky", "Lee", "Marco", "Mario", "Michael", "Mike", "Storm", "Tweaky", "adam", "anika", "antonio", "aunty",
    "belinda", "benjamin", "boris", "caleb", "david", "ed", "edward", "grandma", "grandpa", "gustave", "iven",
    "john", "linda", "marcelo", "max", "michel", "miguel", "norbert", "pablo", "paul", "pedro", "quincy", "rob",
    "robert", "sandro", "shelby", "steph", "steph2", "travis", "victor", "zac", "croak",
)  # fmt: skip
_WHISPERS = ("whisper", "whisperf")
_PICO = {"en-US": "en-us", "de-DE": "de", "it-IT": "it", "es-ES": "es"}
"""Pico's languages and where their words are. Its voices of en-GB and fr-FR are kept to steer by: not used here."""
ENGINES = ("espeak", "pico")


@dataclass(frozen=True)
class Word:
    """A spoken word, analysed: `log_filter` and `noisy` as `vocoder.sound` wants them, (frames, BINS)."""

    log_filter: Spectra
    noisy: Spectra
    vowel: tuple[int, int]
    """Frames of its longest loud voiced stretch, which may be stretched."""
    sound: npt.NDArray[np.float32]
    """As it was spoken."""


@dataclass(frozen=True)
class Speaker:
    """A voice: of espeak-ng a language and a variant, of Pico a language."""

    language: str
    variant: str
    engine: str = "espeak"

    @property
    def name(self) -> str:
        """As espeak-ng is told it, or Pico."""
        return f"{self.language}+{self.variant}" if self.engine == "espeak" else self.language

    @property
    def text(self) -> list[str]:
        """The words that it knows."""
        return _WORDS[self.language if self.engine == "espeak" else _PICO[self.language]].split()

    @property
    def edge_hz(self) -> float:
        """Up to where it has a spectrum of its own: espeak-ng's files have 22 kHz, Pico's 16."""
        return 9500.0 if self.engine == "espeak" else 7000.0


def check() -> None:
    """Raises MissingProgramError where espeak-ng is not installed."""
    program("espeak-ng", "espeak-ng")


def check_pico() -> None:
    """Raises MissingProgramError where Pico is not installed."""
    program("pico2wave", "libttspico-utils")


def random_speaker(
    rng: np.random.Generator, *, held: bool, whispers: bool = False, engines: Sequence[str] = ("espeak",)
) -> Speaker:
    """A speaker of one of the engines; those of held-out songs speak with variants that no other song has.

    Pico's few voices are in both. Only espeak-ng whispers.
    """
    if not whispers and "pico" in engines and rng.random() < 1 / len(engines):
        return Speaker(str(rng.choice(list(_PICO))), "", "pico")
    language = str(rng.choice(list(_WORDS)))
    return Speaker(language, str(rng.choice(_WHISPERS)) if whispers else choose(rng, _VARIANTS, held=held))


def words(rng: np.random.Generator, speaker: Speaker, count: int) -> list[Word]:
    """Words of the speaker on one pitch, analysed. Raises MissingProgramError."""
    known = speaker.text
    chosen = [str(word) for word in rng.choice(known, min(count, len(known)), replace=False)]
    pitch, speed = int(rng.integers(20, 80)), int(rng.integers(90, 170))
    return [analysed(said(speaker, word, pitch, speed, flat=True), speaker.edge_hz) for word in chosen]


def takes(rng: np.random.Generator, speaker: Speaker, count: int, *, flat: bool) -> list[list[npt.NDArray[np.float32]]]:
    """For each of some words the speaker's takes of it, lower and higher; on one pitch, if `flat`, or as in talk.

    Raises MissingProgramError.
    """
    known = speaker.text
    chosen = [str(word) for word in rng.choice(known, min(count, len(known)), replace=False)]
    speed, pitches = int(rng.integers(80, 200)), [int(pitch) for pitch in rng.integers((0, 35, 70), (30, 65, 100))]
    return [[said(speaker, word, pitch, speed, flat=flat) for pitch in pitches] for word in chosen]


def sentence(rng: np.random.Generator, speaker: Speaker, length: int, speed: int) -> npt.NDArray[np.float32]:
    """A line of words as espeak-ng speaks it, with its own melody."""
    line = " ".join(str(word) for word in rng.choice(speaker.text, length))
    return said(speaker, line, int(rng.integers(10, 90)), speed, flat=False)


def said(speaker: Speaker, text: str, pitch: int, speed: int, *, flat: bool) -> npt.NDArray[np.float32]:
    """What the engine makes of a text, at 44.1 kHz, peak 0.7: `pitch` 0 to 99, `speed` in words a minute.

    Pico cannot speak on one pitch: it takes no notice of `flat`. Raises MissingProgramError.
    """
    if speaker.engine == "pico":
        level, rate = 50 + round(1.5 * pitch), round(speed / 1.75)
        marked = f'<pitch level="{level}"><speed level="{rate}">{text}</speed></pitch>'
        sound = speech([program("pico2wave", "libttspico-utils"), "-l", speaker.name, "-w", "{wave}", marked])
    else:
        with tempfile.TemporaryDirectory() as folder:
            line = Path(folder) / "line.txt"
            line.write_text(f'<prosody range="0">{text}</prosody>' if flat else text, encoding="utf-8")
            options = ["-m", "-b", "1", "-v", speaker.name, "-p", str(pitch), "-s", str(speed), "-f", str(line)]
            sound = speech([program("espeak-ng", "espeak-ng"), *options, "-w", "{wave}"])
    return np.asarray(sound * (0.7 / max(float(np.abs(sound).max(initial=0.0)), 1e-6)), np.float32)


def cleared(known: Sequence[Word], power: float) -> list[Word]:
    """The words with their share of noise to a power: the higher, the cleaner where they are voiced."""
    return [replace(word, noisy=word.noisy ** np.float32(power)) for word in known]


def analysed(sound: npt.NDArray[np.float32], edge_hz: float = 9500.0) -> Word:
    """A word's filters by smoothed cepstra (Oppenheim and Schafer), and where it is voiced.

    Above `edge_hz` the filter is made up, since the program leaves nothing there.
    """
    frames = max(len(sound) // HOP, 4)
    padded = np.pad(sound.astype(np.float64), (FFT // 2, FFT // 2 + frames * HOP - len(sound) + HOP))
    picked = np.arange(frames)[:, None] * HOP + np.arange(FFT)
    pieces = padded[picked]
    voiced = _voicing(pieces)
    short = pieces[:, FFT // 2 - 512 : FFT // 2 + 512] * np.hanning(1024)
    log_gain = np.log(np.abs(fft.rfft(short, FFT)) + 1e-5)
    cepstrum = fft.irfft(log_gain, FFT)
    # Up to 2.2 ms: below the period of the voices, so that the pitch stays out.
    lifter = np.zeros(FFT)
    cut = 96
    lifter[:cut] = 0.5 + 0.5 * np.cos(np.pi * np.arange(cut) / cut)
    lifter[-cut + 1 :] = lifter[1:cut][::-1]
    log_filter = _extended(fft.rfft(cepstrum * lifter, FFT).real, edge_hz)
    log_filter -= np.percentile(log_filter.max(axis=1), 90)
    bins = np.arange(BINS) * BIN_HZ
    noisy = 1 - voiced[:, None] * (1 - 0.3 * np.clip((bins - 3000) / 5000, 0, 1))
    loud = log_filter.max(axis=1)
    return Word(log_filter.astype(np.float32), noisy.astype(np.float32), _longest(voiced, loud), sound)


def _voicing(pieces: Array) -> Array:
    """0 to 1 for each frame: how alike a frame and itself a period later are, from 60 to 400 Hz."""
    band = np.asarray(sosfiltfilt(butter(2, (60, 900), "bandpass", fs=RATE_HZ, output="sos"), pieces, axis=-1))
    power = np.abs(fft.rfft(band * np.hanning(FFT), 2 * FFT)) ** 2
    alike = fft.irfft(power)
    window = fft.irfft(np.abs(fft.rfft(np.hanning(FFT), 2 * FFT)) ** 2)
    low, high = RATE_HZ // 400, RATE_HZ // 60
    best = (alike[:, low:high] / (window[low:high] / window[0])).max(axis=1) / (alike[:, 0] + 1e-9)
    loud = (band**2).mean(axis=1)
    # Quiet in the band, or far louder above it: hissing, whatever repeats in it by chance.
    voice = (loud > 3e-3 * loud.max(initial=1e-9)) & (loud > 0.1 * (pieces**2).mean(axis=1))
    best = np.where(voice, best, 0.0)
    return np.clip((best - 0.6) / 0.25, 0, 1)


def _extended(log_filter: Array, edge_hz: float) -> Array:
    """What is empty above an edge goes on, falling."""
    edge = int(edge_hz / BIN_HZ)
    level = log_filter[:, edge - 40 : edge].mean(axis=1, keepdims=True)
    fall = np.log(10) / 20 * 12 * np.log2(np.arange(edge, BINS) / edge)
    out = log_filter.copy()
    out[:, edge:] = level - fall
    return out


def _longest(voiced: Array, loud: Array) -> tuple[int, int]:
    """The longest stretch of voice within 1.2 nepers of the loudest; at least two frames."""
    inside = (voiced > 0.5) & (loud > loud.max() - 1.2)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    if not len(edges):
        return len(voiced) // 3, max(len(voiced) // 3 + 2, 2 * len(voiced) // 3)
    runs = edges.reshape(-1, 2)
    start, end = runs[int(np.argmax(runs[:, 1] - runs[:, 0]))]
    return int(start), int(max(end, start + 2))
