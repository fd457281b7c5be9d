import itertools
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchbay.domain.arrangement import Clip
from patchbay.domain.errors import UnusableAudio
from tests.unit.gpu_workers.rendering.sessions import RATE_HZ, Desk, clip, noise, null_db, peak_db, track

pytestmark = pytest.mark.slow

NULL_DB = -120.0
quick = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LENGTH_S = {"noise": 1.5, "mono": 0.8, "other": 2.0}


@st.composite
def clips(draw: st.DrawFn, name: str) -> Clip:
    source = draw(st.sampled_from(sorted(LENGTH_S)))
    start_s = draw(st.floats(0, 0.7))
    return clip(
        name,
        source,
        draw(st.floats(0, 6)),
        cut_start_s=draw(st.sampled_from((0.0, start_s))),
        cut_end_s=draw(st.one_of(st.none(), st.floats(start_s + 0.001, 3))),
        volume=draw(st.floats(0, 2)),
        pan=draw(st.floats(-1, 1)),
        muted=draw(st.integers(0, 4)) == 0,
        reversed=draw(st.booleans()),
        fade_in_s=draw(st.sampled_from((0.0, 0.1, 5.0))),
        fade_out_s=draw(st.sampled_from((0.0, 0.25))),
    )


@st.composite
def sessions(draw: st.DrawFn) -> list[Any]:
    return [
        track(
            f"t{n}",
            *(draw(clips(f"{n}.{k}")) for k in range(draw(st.integers(0, 3)))),
            volume=draw(st.floats(0, 2)),
            pan=draw(st.floats(-1, 1)),
            muted=draw(st.integers(0, 5)) == 0,
        )
        for n in range(draw(st.integers(1, 12)))
    ] + [track("last", clip("last", start_beats=1))]


class TestNull:
    @given(tracks=sessions(), tempo_bpm=st.floats(20, 300))
    @settings(parent=quick, max_examples=12)
    def test_a_mix_is_that_of_the_reference(self, desk: Desk, tracks: list[Any], tempo_bpm: float) -> None:
        session = desk.arranged(*tracks, tempo_bpm=tempo_bpm)
        made, wanted = desk.mix(session), desk.reference(session)
        assert abs(len(made) - len(wanted)) <= 1
        both = min(len(made), len(wanted))
        assert null_db(made[:both], wanted[:both]) < NULL_DB

    def test_a_hundred_tracks_null_too(self, desk: Desk) -> None:
        session = desk.arranged(
            *(track(str(n), clip(str(n), "other", 0.01 * n, pan=(n % 5 - 2) / 2), volume=0.9) for n in range(100))
        )
        made, wanted = desk.mix(session), desk.reference(session)
        assert peak_db(wanted) > 6
        assert null_db(made, wanted) < NULL_DB

    def test_a_whole_clip_stays_what_it_is_to_the_last_bit(self, desk: Desk) -> None:
        np.testing.assert_array_equal(desk.rendered(desk.arranged(track("t", clip("a")))), desk.sources["noise"])

    def test_mono_is_heard_on_both_sides(self, desk: Desk) -> None:
        made = desk.mix(desk.arranged(track("t", clip("a", "mono", reversed=True))))
        np.testing.assert_array_equal(made, np.stack([desk.sources["mono"][::-1]] * 2, axis=1))

    @pytest.mark.parametrize("bits", [16, 24])
    def test_integers_are_rounded_samples(self, desk: Desk, bits: int) -> None:
        made = desk.rendered(desk.arranged(track("t", clip("a"))), format="wav", bit_depth=bits)
        assert np.abs(made - desk.sources["noise"]).max() <= 0.5 / 2 ** (bits - 1)


class TestJoins:
    @given(
        at_s=st.lists(st.floats(0.05, 1.45), min_size=1, max_size=4, unique=True),
        tempo_bpm=st.floats(20, 300),
        start_beats=st.floats(0, 3),
        backwards=st.booleans(),
    )
    @settings(parent=quick, max_examples=12)
    def test_a_clip_that_was_split_sounds_as_before(
        self, desk: Desk, at_s: list[float], tempo_bpm: float, start_beats: float, backwards: bool
    ) -> None:
        marks = [0.0, *sorted(at_s), LENGTH_S["noise"]]
        beat_s = 60 / tempo_bpm
        parts = []
        for number, (cut_s, end_s) in enumerate(itertools.pairwise(marks)):
            into_s = LENGTH_S["noise"] - end_s if backwards else cut_s
            given_ = {"cut_start_s": cut_s, "cut_end_s": end_s, "reversed": backwards}
            parts.append(clip(str(number), "noise", start_beats + into_s / beat_s, **given_))
        whole = desk.mix(
            desk.arranged(track("t", clip("a", "noise", start_beats, reversed=backwards)), tempo_bpm=tempo_bpm)
        )
        split = desk.mix(desk.arranged(track("t", *parts), tempo_bpm=tempo_bpm))
        both = min(len(whole), len(split)) - 2  # rounding may leave the last part so much shorter
        assert abs(len(whole) - len(split)) <= 2
        np.testing.assert_array_equal(split[:both], whole[:both])

    def test_a_gap_another_volume_or_a_fade_keep_their_edges(self, desk: Desk) -> None:
        for changes in ({"start_beats": 1.01}, {"volume": 0.5}, {"fade_in_s": 0.2}, {"cut_start_s": 0.51}):
            given_: dict[str, Any] = {"start_beats": 0.5, "cut_start_s": 0.5, **changes}
            start_beats = given_.pop("start_beats")
            parts = clip("a", "noise", 0, cut_end_s=0.5), clip("b", "noise", start_beats, **given_)
            made = desk.mix(desk.arranged(track("t", *parts), tempo_bpm=60))
            assert np.abs(made[round(start_beats * RATE_HZ)]).max() < 1e-3, changes


class TestPlaces:
    @given(start_beats=st.floats(0, 8), tempo_bpm=st.floats(20, 999), cut_s=st.floats(0, 0.4))
    @quick
    def test_edges_are_within_a_sample(
        self, tmp_path_factory: pytest.TempPathFactory, start_beats: float, tempo_bpm: float, cut_s: float
    ) -> None:
        desk = Desk(tmp_path_factory.mktemp("ones"), {"noise": np.ones((RATE_HZ, 2))})
        made = desk.mix(
            desk.arranged(
                track("t", clip("a", start_beats=start_beats, cut_start_s=cut_s, cut_end_s=0.9)), tempo_bpm=tempo_bpm
            )
        )
        sounding = np.flatnonzero(made[:, 0])
        start_s = start_beats * 60 / tempo_bpm
        assert abs(sounding[0] - start_s * RATE_HZ) <= 1
        assert abs(sounding[-1] + 1 - (start_s + 0.9 - cut_s) * RATE_HZ) <= 1.5

    def test_a_cut_does_not_click_and_an_end_is_not_touched(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path / "desk", {"noise": np.ones((RATE_HZ, 2))})
        whole = desk.mix(desk.arranged(track("t", clip("a"))))[:, 0]
        assert (whole == 1).all()
        cut = desk.mix(desk.arranged(track("t", clip("a", cut_start_s=0.2, cut_end_s=0.8))))[:, 0]
        assert np.abs(np.diff(np.concatenate(([0], cut, [0])))).max() < 0.02
        assert (cut[200:-200] == 1).all()
        turned = desk.mix(desk.arranged(track("t", clip("a", cut_start_s=0.2, reversed=True))))[:, 0]
        assert turned[0] == 1
        assert turned[-1] < 0.001

    def test_a_range_is_a_slice_of_the_whole(self, desk: Desk) -> None:
        tracks = (
            track("t", clip("a", start_beats=1, speed=1.3), clip("b", "other", 2.5, reversed=True), pan=0.3),
            track("l", clip("c", "mono", cut_end_s=0.4), loop_every=1.5),
        )
        whole = desk.mix(desk.arranged(*tracks))
        part = desk.rendered(desk.arranged(*tracks), start_s=0.7311, end_s=1.9)
        first, last = round(0.7311 * RATE_HZ), round(1.9 * RATE_HZ)
        np.testing.assert_array_equal(part, whole[first:last])

    def test_a_range_past_the_end_is_silent_there(self, desk: Desk) -> None:
        made = desk.mix(desk.arranged(track("t", clip("a"))), end_s=2.0)
        assert len(made) == 2 * RATE_HZ
        assert not made[len(desk.sources["noise"]) :].any()

    def test_a_loop_is_its_copies(self, desk: Desk) -> None:
        short = clip("a", cut_end_s=0.3)
        other = track("o", clip("b", "other", muted=True))
        loop = desk.mix(desk.arranged(track("l", short, loop_every=1), other))
        copies = [short.model_copy(update={"id": f"a{k}", "start_beats": float(k)}) for k in range(4)]
        assert null_db(loop, desk.mix(desk.arranged(track("l", *copies), other))) < NULL_DB

    def test_a_loop_that_is_cut_at_the_end_does_not_click(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path / "desk", {"noise": np.ones((RATE_HZ, 2))})
        made = desk.mix(desk.arranged(track("l", clip("a"), loop_every=1.5)))
        assert len(made) == round(0.75 * RATE_HZ)
        assert made[-1, 0] < 0.001
        assert made[-200, 0] == 1


class TestChannels:
    @given(clip_pan=st.floats(-1, 1), track_pan=st.floats(-1, 1))
    @quick
    def test_pan_is_symmetric(self, desk: Desk, clip_pan: float, track_pan: float) -> None:
        one, other = (
            desk.mix(desk.arranged(track("t", clip("a", "mono", pan=sign * clip_pan), pan=sign * track_pan)))
            for sign in (1, -1)
        )
        np.testing.assert_allclose(one, other[:, ::-1], atol=1e-7)

    def test_far_left_leaves_the_left_as_it_is(self, desk: Desk) -> None:
        made = desk.mix(desk.arranged(track("t", clip("a", pan=-1))))
        np.testing.assert_array_equal(made[:, 0], desk.sources["noise"][:, 0])
        assert not made[:, 1].any()

    @given(volume=st.floats(0.01, 4), fader=st.floats(0.01, 4))
    @quick
    def test_volume_is_linear(self, desk: Desk, volume: float, fader: float) -> None:
        made = desk.mix(desk.arranged(track("t", clip("a", volume=volume), volume=fader)))
        np.testing.assert_allclose(made, desk.sources["noise"] * volume * fader, rtol=1e-5, atol=1e-9)

    def test_mute_and_solo_choose_what_is_summed(self, desk: Desk) -> None:
        one, two = track("one", clip("a"), clip("b", "mono", 1)), track("two", clip("c", "other", 1))
        alone = [
            desk.mix(desk.arranged(row, end))
            for row, end in (
                (one, two.model_copy(update={"muted": True})),
                (two, one.model_copy(update={"muted": True})),
            )
        ]
        both = desk.mix(desk.arranged(one, two))
        assert null_db(alone[0] + alone[1], both) < NULL_DB
        np.testing.assert_array_equal(desk.mix(desk.arranged(one, two, solo_track="two")), alone[1])
        only = desk.mix(desk.arranged(one, two, solo_clip="b"))
        assert (
            null_db(
                alone[0] - only,
                desk.mix(desk.arranged(track("one", clip("a")), track("two", clip("c", "other", 1, muted=True)))),
            )
            < NULL_DB
        )

    def test_reversed_twice_is_as_it_was(self, tmp_path: Path, desk: Desk) -> None:
        once = desk.mix(desk.arranged(track("t", clip("a", reversed=True))))
        again = Desk(tmp_path / "again", {"noise": once})
        np.testing.assert_array_equal(
            again.mix(again.arranged(track("t", clip("a", reversed=True)))), desk.sources["noise"]
        )

    def test_stems_sum_to_the_mix(self, desk: Desk) -> None:
        session = desk.arranged(
            track(
                "drums / left",
                clip("a", semitones=3),
                clip("a2", "mono", 1, reversed=True),
                pan=-0.5,
                name="Drums / left",
            ),
            track("muted", clip("b"), muted=True),
            track("keys", clip("c", "other", 1, speed=0.8), volume=1.5),
        )
        outputs = desk.run(session, stems=True)
        assert list(outputs) == ["mix.wav", "arrangement.png", "stems.zip", "duration_s", "peak_db", "loudness_lufs"]
        mix = soundfile.read(outputs["mix.wav"].path)[0]
        assert outputs["stems.zip"].path is not None
        with zipfile.ZipFile(outputs["stems.zip"].path) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == ["001 Drums left.wav", "003 keys.wav"]
            stems = [soundfile.read(archive.open(name))[0] for name in archive.namelist()]
        assert null_db(sum(stems), mix) < NULL_DB


class TestStretching:
    def tone(self, folder: Path, hz: float = 440.0) -> Desk:
        t = np.arange(2 * RATE_HZ) / RATE_HZ
        return Desk(folder, {"noise": 0.4 * np.sin(2 * np.pi * hz * t)})

    def hz(self, made: Any) -> float:
        middle = made[len(made) // 4 : -len(made) // 4, 0]
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 20))
        return float(np.argmax(spectrum) * RATE_HZ / (1 << 20))

    @pytest.mark.parametrize(
        ("settings_", "seconds", "hz"),
        [
            ({"speed": 1.25}, 1.6, 440.0),
            ({"semitones": 3}, 2.0, 523.2511),
            ({"speed": 0.5, "semitones": -12}, 4.0, 220.0),
            ({"speed": 1.5, "preserve_pitch": False}, 2 / 1.5, 660.0),
            ({"speed": 2, "preserve_pitch": False, "semitones": -12}, 1.0, 440.0),
            ({"speed": "tempo-sync"}, 1.5, 440.0),
        ],
        ids=str,
    )
    def test_speed_and_pitch(self, tmp_path: Path, settings_: dict[str, Any], seconds: float, hz: float) -> None:
        desk = self.tone(tmp_path / "desk")
        desk.tempi["noise"] = 90.0
        made = desk.mix(desk.arranged(track("t", clip("a", start_beats=1, **settings_))))
        assert abs(len(made) - round((0.5 + seconds) * RATE_HZ)) <= 1
        assert not made[: RATE_HZ // 2].any()
        assert abs(1200 * np.log2(self.hz(made[RATE_HZ // 2 :]) / hz)) < 3

    def test_a_tempo_that_is_not_given_is_found(self, tmp_path: Path) -> None:
        t = np.arange(12 * RATE_HZ) / RATE_HZ
        beats = np.exp(-(t % 0.6) * 40) * np.sin(2 * np.pi * 180 * t) + 0.3 * np.exp(-((t + 0.3) % 0.6) * 90) * noise(
            12, 5, 1
        )
        desk = Desk(tmp_path / "desk", {"noise": beats * 0.5})
        made = desk.run(desk.arranged(track("t", clip("a", speed="tempo-sync"))))["duration_s"].value
        assert min(abs(made - 12 * ratio) for ratio in (5 / 6, 5 / 12, 5 / 3)) < 0.1

    def test_where_there_is_no_tempo_the_clip_is_named(self, desk: Desk) -> None:
        session = desk.arranged(track("t", clip("a", speed="tempo-sync"), name="Rain"))
        with pytest.raises(UnusableAudio, match="clip 'a' of track 'Rain': no tempo"):
            desk.run(session)

    def test_sources_of_another_rate(self, tmp_path: Path) -> None:
        t = np.arange(2 * 48_000) / 48_000
        desk = Desk(tmp_path / "desk", {"noise": 0.4 * np.sin(2 * np.pi * 441 * t)}, 48_000)
        made = desk.rendered(desk.arranged(track("t", clip("a"))))
        t = np.arange(2 * RATE_HZ) / RATE_HZ
        np.testing.assert_allclose(made[500:-500, 0], 0.4 * np.sin(2 * np.pi * 441 * t)[500:-500], atol=1e-4)
