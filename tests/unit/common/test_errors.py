"""Errors become one line and an exit status."""

import pytest

from warmup.common import errors
from warmup.common.errors import InputError


def fail(error):
    raise error


def test_an_input_error_is_one_line_and_status_2(capsys):
    with pytest.raises(SystemExit) as stop:
        errors.run(lambda: fail(InputError("file.tsv:3: two\n   lines\tand tabs")))
    assert stop.value.code == 2
    assert capsys.readouterr() == ("", "error: file.tsv:3: two lines and tabs\n")


def test_an_error_of_the_program_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        errors.run(lambda: 1 // 0)


def test_success_is_silent(capsys):
    errors.run(lambda: None)
    assert capsys.readouterr() == ("", "")


def test_a_closed_pipe_ends_quietly(capsys, monkeypatch):
    import io
    import sys

    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(SystemExit) as stop:
        errors.run(lambda: fail(BrokenPipeError()))
    assert stop.value.code == 1
    assert stream.closed  # the interpreter's own complaint at its end would go there


def test_unknown_names_list_the_valid_ones_in_order():
    error = errors.unknown("metric", "blue", ["chrf", "bleu"])
    assert str(error) == "unknown metric 'blue'; choose from: bleu, chrf"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried"),
    ],
)
def test_want_of_memory_is_one_line_and_status_1(capsys, error):
    with pytest.raises(SystemExit) as stop:
        errors.run(lambda: fail(error))
    assert stop.value.code == 1
    said = capsys.readouterr().err
    assert said == "error: not enough memory; end other programs, or give this one more\n"


def test_a_result_is_returned():
    assert errors.run(lambda: 3) == 3


def test_ctrl_c_is_one_line_and_the_status_of_a_signal(capsys):
    with pytest.raises(SystemExit) as stop:
        errors.run(lambda: fail(KeyboardInterrupt()))
    assert stop.value.code == 130
    assert capsys.readouterr().err == "stopped: interrupted; start again to go on\n"
