from pathlib import Path

import pytest

from kfsim.cli.yaml_documents import NotText, YamlDocument, parse_documents, read_text


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", ":4:3", 'key "c" already set in map'),
        ("- {a: 1, b: 2, a: 3}\n", ":1:16", 'key "a" already set in map'),
        ("a:\n\tb: 1\n", ":2:1", "the line starts with a tab, and YAML takes blanks alone"),
        ("a: {{ .Values.a }}\n", ":1:5", "this looks like a template: helm template CHART | kf"),
        ("ok: 1\n---\na: 1\na: 2\n", ":4:1", 'key "a" already set in map'),
    ],
)
def test_says_where_and_what(text: str, place: str, problem: str) -> None:
    failed = [each for each in parse_documents(text) if each.problem]
    assert [each.place for each in failed] == [place]
    assert problem in failed[0].problem


@pytest.mark.parametrize(
    "text",
    [
        "base: &base {a: 1, b: 2}\nuse:\n  <<: *base\n  a: 3\n",
        "deep:\n  deeper:\n    x: &x\n      <<: &y {a: 1}\n      a: 2\nz: {<<: *x, a: 4}\n",
        "one: &one [1]\ntwo: *one\nthree: {one: *one}\n",
    ],
)
def test_a_merged_key_may_be_given_again(text: str) -> None:
    (document,) = parse_documents(text)
    assert not document.problem


def test_each_document_has_its_line_and_dates_are_text() -> None:
    assert list(parse_documents("# only this\n---\nday: 2024-01-02\n---\n\n---\nb: 1\n")) == [
        YamlDocument(2, {"day": "2024-01-02"}),
        YamlDocument(6, {"b": 1}),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\n# caf\xe9\n", "is not UTF-8 (byte 0xe9 in line 2); save it as UTF-8"),
        ("a: 1\n".encode("utf-16"), "is UTF-16; save it as UTF-8"),
    ],
)
def test_other_encodings_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(NotText) as raised:
        read_text(tmp_path / "x.yaml")
    assert str(raised.value) == message


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert list(parse_documents(read_text(tmp_path / "x.yaml"))) == [YamlDocument(1, {"a": 1})]
