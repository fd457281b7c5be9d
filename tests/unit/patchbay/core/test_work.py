"""What lines of log say of the work around them."""

import contextvars
import logging
import threading

import pytest

from patchbay.core import work


def line(**extra: object) -> dict[str, object]:
    """What a record made here has."""
    record = logging.makeLogRecord(extra)
    assert work.AddFacts().filter(record)
    return {name: vars(record)[name] for name in work.NAMES if name in vars(record)}


def test_facts_are_there_while_the_work_is_and_no_longer() -> None:
    with work.begin(request_id="r", tenant_id="t", job_id=None, step=0):
        assert line() == {"request_id": "r", "tenant_id": "t", "step": "0"}
        with work.begin(job_id="j"):
            assert line() == {"request_id": "r", "tenant_id": "t", "step": "0", "job_id": "j"}
        assert "job_id" not in line()
    assert line() == {}


def test_what_is_found_out_later_is_noted_for_all_of_the_work() -> None:
    with work.begin(request_id="r"):

        def deeper() -> None:
            work.note(job_id="j")

        thread = threading.Thread(target=contextvars.copy_context().run, args=(deeper,))
        thread.start()
        thread.join()
        assert line() == {"request_id": "r", "job_id": "j"}
    work.note(job_id="nobody's")
    assert line() == {}


def test_what_a_line_says_itself_goes_first() -> None:
    with work.begin(job_id="around"):
        assert line(job_id="its own") == {"job_id": "its own"}


def test_a_thread_of_its_own_has_none_of_it() -> None:
    seen: list[dict[str, object]] = []
    with work.begin(job_id="j"):
        thread = threading.Thread(target=lambda: seen.append(line()))
        thread.start()
        thread.join()
    assert seen == [{}]


def test_only_known_names_are_told() -> None:
    with pytest.raises(ValueError, match="path"), work.begin(path="/x"):
        pass
