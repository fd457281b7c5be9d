import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchbay.domain import people
from patchbay.domain.errors import InvalidInput
from patchbay.domain.users import KEY_PREFIX, is_token, new_secret


@pytest.mark.parametrize(
    "name",
    ["Ada", "musicmaker2024", "a.b-c_d", "Žofie", "ちはや", "Мария", "नमस्ते", "q\u0323q\u0323q", "x" * 40, "  Ada "],
)
def test_names_of_all_scripts_are_taken(name: str) -> None:
    assert people.checked_user_name(name) == name.strip()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "x" * 41,
        ".ada",
        "ada.",
        "-ad",
        "a b",
        "ada@x",
        "a/da",
        "ada\n!",
        "ad\u200ba",
        "a\u202eda",
        "ada\ufe0f",
        "\u3164" * 3,
        "a\u115fda",
        "ad\U000e0100a",
        "\u0323ada",
        "🎵🎵🎵",
    ],
)
def test_other_names_are_not(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        people.checked_user_name(name)
    assert refused.value.field == "user_name"


def test_names_that_look_alike_are_one() -> None:
    alike = ("José", "JOSE", "jose", "Jose\u0301", "ｊｏｓé")
    assert {people.folded(people.checked_user_name(name)) for name in alike} == {"jose"}
    assert people.folded("Straße") == people.folded("STRASSE")
    assert people.folded("anna") != people.folded("hannah")


@settings(deadline=None)
@given(st.text(max_size=50))
def test_a_name_is_taken_in_normal_form_or_refused(text: str) -> None:
    try:
        name = people.checked_user_name(text)
    except InvalidInput:
        return
    assert people.checked_user_name(name) == name == unicodedata.normalize("NFC", name)
    fold = people.folded(name)
    assert fold
    assert people.folded(fold) == fold == people.folded(name.upper().lower().upper()) or name.upper().lower() != name


@pytest.mark.parametrize(
    "password", ["x" * 7, "x" * 257, " 12345678", "12345678 ", "1234\n5678", "1234\x005678", "12345678\ud800"]
)
def test_passwords_that_are_not_taken(password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        people.checked_password(password)
    assert refused.value.field == "password"


@pytest.mark.parametrize("password", ["12345678", "correct horse", "пароль длинный", "x" * 256])
def test_passwords_are_held_to_their_length_alone(password: str) -> None:
    assert people.checked_password(password) == password


def test_nobody_takes_his_name_for_a_password() -> None:
    with pytest.raises(InvalidInput):
        people.checked_password("Ada@Example.org", names=("ada@example.org", "ada"))


@pytest.mark.parametrize("name", ["", "Ada", "  Ada  ", "Ada-Maria d'Été", "أدا"])
def test_real_names_are_one_line(name: str) -> None:
    assert people.checked_real_name(name, "first_name") == name.strip()


@pytest.mark.parametrize("name", ["A\nda", "A\x00", "a" * 101, "A\u2028B", "\ud800"])
def test_other_texts_are_no_real_names(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        people.checked_real_name(name, "last_name")
    assert refused.value.field == "last_name"


@pytest.mark.parametrize(
    ("given_", "kept"), [("@ada.l", "ada.l"), (" ada ", "ada"), ("", ""), ("@", ""), ("a" * 30, "a" * 30)]
)
def test_handles(given_: str, kept: str) -> None:
    assert people.instagram_handle(given_) == kept


@pytest.mark.parametrize(
    "handle", ["a" * 31, ".ada", "ada.", "a..b", "a b", "https://instagram.com/ada", "@@ada", "äda"]
)
def test_other_texts_are_no_handles(handle: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        people.instagram_handle(handle)
    assert refused.value.field == "instagram"


def test_a_referral_code_is_found_however_it_is_typed() -> None:
    code = people.new_referral_code()
    assert people.normal_referral_code(f" {code.lower()} ") == code
    assert len({people.new_referral_code() for _ in range(100)}) == 100


@pytest.mark.parametrize("text", ["", "abc", "O" * 10, "1" * 10, "A" * 11, "A" * 9 + "#"])
def test_other_texts_are_no_codes(text: str) -> None:
    assert people.normal_referral_code(text) is None


def test_a_key_is_never_taken_for_a_token() -> None:
    assert not any(is_token(credential) for credential in (new_secret(), f"{KEY_PREFIX}a.b.c", "", "eyJ", "a.b.c"))
    assert is_token("eyJhbGciOiJSUzI1NiJ9.eyJ4IjoxfQ.c2ln")
