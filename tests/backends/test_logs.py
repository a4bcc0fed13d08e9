"""Log files: stamped lines, rotation, tails, reading across a rotation."""

import stat
from pathlib import Path

from kfsim.backends.logs import LogReader, LogWriter, write_log


def make_writer(folder: Path, *, limit: int = 200, raw: bool = False) -> LogWriter:
    return LogWriter(str(folder / "c.0.log"), limit=limit, files=3, raw=raw)


def read(folder: Path, *, timestamps: bool = False) -> list[bytes]:
    reader = LogReader(folder / "c.0.log", timestamps=timestamps)
    try:
        return reader.read_history()
    finally:
        reader.close()


def test_pieces_become_lines_and_the_last_one_is_kept(tmp_path: Path) -> None:
    writer = make_writer(tmp_path)
    for piece in (b"he", b"llo\nwor", b"ld\nno newline"):
        writer.write(piece)
    writer.close()
    assert read(tmp_path) == [b"hello\n", b"world\n", b"no newline\n"]
    assert read(tmp_path, timestamps=True)[0][-8:] == b"Z hello\n"
    assert writer.tail() == "hello\nworld\nno newline"
    assert stat.S_IMODE((tmp_path / "c.0.log").stat().st_mode) == 0o600


def test_a_talkative_container_cannot_fill_the_disk(tmp_path: Path) -> None:
    writer = make_writer(tmp_path)
    for number in range(200):
        writer.write(b"line %d\n" % number)
    writer.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["c.0.log", "c.0.log.1", "c.0.log.2"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3 * 200
    lines = read(tmp_path)
    assert lines[-1] == b"line 199\n"
    assert lines == [b"line %d\n" % number for number in range(200 - len(lines), 200)]


def test_a_reader_follows_across_a_rotation(tmp_path: Path) -> None:
    writer = make_writer(tmp_path, limit=260)
    writer.write(b"first\n")
    reader = LogReader(tmp_path / "c.0.log", timestamps=False)
    assert reader.read_history() == [b"first\n"]
    writer.write(b"second\n")
    writer.write(b"x" * 150 + b"\n")
    writer.write(b"last\n")
    assert reader.read_more() == [b"second\n", b"x" * 150 + b"\n", b"last\n"]
    reader.close()
    writer.close()


def test_a_long_line_is_stored_in_pieces_and_read_whole(tmp_path: Path) -> None:
    writer = make_writer(tmp_path, limit=10**6)
    writer.write(b"y" * 40_000 + b"\n")
    writer.close()
    assert b"".join(read(tmp_path)) == b"y" * 40_000 + b"\n"


def test_the_tail_has_at_most_two_kilobytes_of_whole_lines(tmp_path: Path) -> None:
    writer = make_writer(tmp_path, limit=10**6)
    writer.write(b"".join(b"line %04d\n" % number for number in range(1000)))
    writer.close()
    assert len(writer.tail()) <= 2048
    assert writer.tail().startswith("line 0")
    assert writer.tail().endswith("line 0999")


def test_raw_output_is_kept_as_it_is_up_to_the_limit(tmp_path: Path) -> None:
    writer = make_writer(tmp_path, raw=True)
    writer.write(b"a\nb" * 100)
    writer.close()
    assert (tmp_path / "c.0.log").read_bytes() == (b"a\nb" * 100)[:200]


def test_a_whole_log_is_stored_as_lines(tmp_path: Path) -> None:
    path = tmp_path / "c.0.log"
    write_log(path, "first\nsecond")
    assert read(tmp_path) == [b"first\n", b"second\n"]
    assert read(tmp_path, timestamps=True)[0][-8:] == b"Z first\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_log_that_cannot_be_stored_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "c.0.log"
    write_log(path, "first")
    assert not path.exists()
