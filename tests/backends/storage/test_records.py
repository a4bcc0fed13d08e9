"""What was provided for a view."""

from pathlib import Path

from kfsim.backends.storage.records import erase_record, read_record, write_record


def test_the_last_folder_counts_while_it_is_there(tmp_path: Path) -> None:
    view = tmp_path / "models" / "a.b"
    assert read_record(view) is None
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        write_record(view, tmp_path / name)
    write_record(view.with_name("a.c"), tmp_path / "one")
    assert read_record(view) == tmp_path / "other"
    (tmp_path / "other").rmdir()
    assert read_record(view) is None


def test_an_erased_record_is_none(tmp_path: Path) -> None:
    view = tmp_path / "view"
    erase_record(view)
    write_record(view, tmp_path)
    erase_record(view)
    assert read_record(view) is None
