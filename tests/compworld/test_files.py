"""Paths as users give them."""

import errno
import re
from pathlib import Path

import pytest

from compworld.evaluation import Evaluation
from compworld.files import check_writable, expanded


def test_a_users_home_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/runs/x") == expanded(Path("~/runs/x")) == tmp_path / "runs" / "x"
    assert expanded("runs/~") == Path("runs/~")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("~nobody-here/x", "path '~nobody-here/x' is in a home that is not here; allowed: those of this system's users"),
        ("~a\0b", r"path '~a\x00b' is in a home that is not here"),
        (None, "path is None; allowed: text or a path"),
        (3, "path is 3; allowed: text or a path"),
        (b"x", "path is b'x'; allowed: text or a path"),
    ],
)
def test_what_is_no_path_is_refused_by_name(path, problem):
    for call in (expanded, Evaluation.load):
        with pytest.raises(ValueError, match=re.escape(problem)):
            call(path)


def test_whether_a_file_can_be_written_is_known_before(tmp_path):
    check_writable(tmp_path / "new" / "record.json")
    assert list(tmp_path.rglob("*")) == [tmp_path / "new"]
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"cannot write .*file/record\.json") as caught:
        check_writable(tmp_path / "file" / "record.json")
    assert caught.value.errno in (errno.ENOTDIR, errno.EEXIST)
