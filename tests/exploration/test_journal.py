"""The journal goes on after any cut, and says which line is at fault after any other damage."""

from pathlib import Path

import pytest

from attendnets.errors import RunFolderError
from attendnets.exploration.journal import open_journal


def begun(folder: Path) -> Path:
    journal = folder / "study.journal"
    study = open_journal(journal, "job")
    study.set_user_attr("some", "thing")
    return journal


def test_a_journal_cut_off_at_any_byte_opens_and_keeps_its_whole_lines(tmp_path: Path) -> None:
    whole = begun(tmp_path).read_bytes()
    for length in range(len(whole)):
        journal = tmp_path / f"cut-{length}.journal"
        journal.write_bytes(whole[:length])
        study = open_journal(journal, "job")
        study.set_user_attr("more", length)
        assert open_journal(journal, "job").user_attrs["more"] == length
        kept = whole[: whole.rfind(b"\n", 0, length) + 1]
        assert journal.read_bytes().startswith(kept)


@pytest.mark.parametrize("line", [b"", b"nonsense", b"[]", b"{}", b'{"op_code": 99}', b"\xff\xfe"])
def test_a_damaged_line_is_named_with_the_way_out(tmp_path: Path, line: bytes) -> None:
    journal = begun(tmp_path)
    first, rest = journal.read_bytes().split(b"\n", 1)
    journal.write_bytes(first + b"\n" + line + b"\n" + rest)
    with pytest.raises(
        RunFolderError, match=r"study\.journal is not a study's journal any more .* delete it"
    ):
        open_journal(journal, "job")


def test_the_journal_of_another_job_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="a study of another job"):
        open_journal(begun(tmp_path), "other job")


def test_no_lock_is_left_that_a_killed_process_could_leave_behind(tmp_path: Path) -> None:
    begun(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["study.journal"]
