"""One mood, or several one after the other."""

import pytest

from patchbay.catalog.prompts.understand import understand


@pytest.mark.parametrize(
    ("prompt", "emotions"),
    [
        ("calm, happy, sad", ("calm",)),
        ("calm then happy then sad", ("calm", "happy", "sad")),
        ("calm then peaceful then sad", ("calm", "sad")),
        ("party music", ("energetic",)),
        ("party music, but gentle", ("calm",)),
        ("builds from calm to energetic", ("calm", "energetic")),
        ("scary at first, ending joyful", ("scary", "joyful")),
        ("a tense verse and a triumphant chorus", ("tense", "triumphant")),
        ("pop with a dreamy intro", ("dreamy", "happy")),
        ("pop with a dreamy outro", ("happy", "dreamy")),
        ("an intro that is calm, then energetic", ("calm", "energetic")),
        ("not sad but hopeful", ("inspirational",)),
        ("happy to help with sad music", ("happy",)),
    ],
)
def test_order(prompt: str, emotions: tuple[str, ...]) -> None:
    assert understand(prompt).emotions == emotions


def test_parts_of_the_form_have_their_lengths() -> None:
    told = understand("electronic, calm intro, energetic drop, dreamy outro").passages
    assert [(p.emotion, p.length) for p in told] == [("calm", 0.5), ("energetic", 1.25), ("dreamy", 0.5)]
