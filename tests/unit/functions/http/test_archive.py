"""Names of files, as answers tell them."""

from email.message import Message
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from functions.http.archive import attachment, file_name


@given(st.text(max_size=80), st.sampled_from([".zip", ".wav"]))
def test_a_name_is_told_as_it_is_in_a_header_of_ascii(text: str, ending: str) -> None:
    name = file_name(text, ending)
    told = attachment(name)
    assert told.isascii()
    assert told.isprintable()
    header = Message()
    header["content-disposition"] = told.partition("; filename*=")[0]
    plain = header.get_filename()
    assert plain is not None
    assert len(plain) == len(name)
    assert plain.endswith(ending)
    if name.isascii():
        assert (plain, "filename*" in told) == (name, False)
    else:
        assert unquote(told.partition("filename*=UTF-8''")[2]) == name
