"""Differences as text: what is shown, what is left out, and that no Secret is."""

from typing import Any

import pytest

from kfsim.cli.apply import LAST_APPLIED
from kfsim.cli.diff import file_name, mask_secret, render_difference

NOISE = {
    "uid": "u",
    "resourceVersion": "1",
    "generation": 1,
    "creationTimestamp": "t",
    "managedFields": [],
    "selfLink": "/x",
}


def config_map(data: dict[str, str], **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "team", **metadata},
        "data": data,
    }


def secret(data: dict[str, str], **metadata: Any) -> dict[str, Any]:
    return {**config_map(data, **metadata), "kind": "Secret"}


def changed_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line[:1] in "+-"][2:]


def test_a_difference_is_a_unified_diff_of_yaml() -> None:
    assert render_difference(config_map({"k": "1"}), config_map({"k": "2"})) == (
        "--- LIVE/v1.ConfigMap.team.a\n"
        "+++ MERGED/v1.ConfigMap.team.a\n"
        "@@ -1,6 +1,6 @@\n"
        " apiVersion: v1\n"
        " data:\n"
        "-  k: '1'\n"
        "+  k: '2'\n"
        " kind: ConfigMap\n"
        " metadata:\n"
        "   name: a\n"
    )


def test_a_new_object_is_all_additions() -> None:
    lines = render_difference(None, config_map({"k": "1"})).splitlines()
    assert lines[:3] == ["--- /dev/null", "+++ MERGED/v1.ConfigMap.team.a", "@@ -0,0 +1,7 @@"]
    assert all(line.startswith("+") for line in lines[3:])
    assert "+  k: '1'" in lines


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (config_map({"k": "1"}), config_map({"k": "1"}), []),
        (config_map({"a": "1", "b": "2"}), config_map({"a": "1"}), ["-  b: '2'"]),
        (
            config_map({"k": "one\ntwo\nthree\n"}),
            config_map({"k": "one\n2\nthree\n"}),
            ["-    two", "+    2"],
        ),
        (config_map({"k": "x" * 300}), config_map({"k": "y"}), [f"-  k: {'x' * 300}", "+  k: y"]),
        (config_map({"k": "\x1b[31m"}), config_map({"k": "é"}), ['-  k: "\\e[31m"', "+  k: é"]),
        (config_map({"k": "a\u2028b"}), config_map({"k": "a"}), ['-  k: "a\\Lb"', "+  k: a"]),
    ],
    ids=[
        "nothing",
        "a field taken out",
        "one line of a text of several",
        "a long value stays on its line",
        "what a terminal would obey is escaped",
        "Unicode line ends are escaped",
    ],
)
def test_changed_lines(before: dict[str, Any], after: dict[str, Any], lines: list[str]) -> None:
    assert changed_lines(render_difference(before, after)) == lines


@pytest.mark.parametrize("field", [*NOISE, "status", LAST_APPLIED])
def test_what_the_server_and_apply_keep_for_themselves_is_no_difference(field: str) -> None:
    before = config_map({"k": "1"})
    if field in NOISE:
        after = config_map({"k": "1"}, **{field: NOISE[field]})
    elif field == "status":
        after = {**before, "status": {"ready": True}}
    else:
        after = config_map({"k": "1"}, annotations={field: "{}"})
    assert render_difference(before, after) == ""
    assert render_difference(after, before) == ""


def test_other_annotations_are_differences() -> None:
    before = config_map({}, annotations={LAST_APPLIED: "{}", "a": "1"})
    after = config_map({}, annotations={LAST_APPLIED: "{...}", "a": "2"})
    assert changed_lines(render_difference(before, after)) == ["-    a: '1'", "+    a: '2'"]


@pytest.mark.parametrize("field", ["data", "stringData"])
@pytest.mark.parametrize(
    ("before", "after", "shown_before", "shown_after"),
    [
        ({"k": "s"}, {"k": "s"}, {"k": "***"}, {"k": "***"}),
        ({"k": "s"}, {"k": "t"}, {"k": "*** (before)"}, {"k": "*** (after)"}),
        ({"k": "s"}, {}, {"k": "***"}, {}),
        ({}, {"k": "s"}, {}, {"k": "***"}),
        (
            {"k": "s", "same": "s"},
            {"k": "t", "same": "s", "new": "s"},
            {"k": "*** (before)", "same": "***"},
            {"k": "*** (after)", "same": "***", "new": "***"},
        ),
        (None, {"k": "s"}, None, {"k": "***"}),
    ],
    ids=["same", "changed", "removed", "added", "each by itself", "new object"],
)
def test_values_of_secrets_are_masked(
    field: str,
    before: dict[str, str] | None,
    after: dict[str, str],
    shown_before: dict[str, str] | None,
    shown_after: dict[str, str],
) -> None:
    old, new = mask_secret(None if before is None else {field: before}, {field: after})
    assert old == (None if shown_before is None else {field: shown_before})
    assert new == {field: shown_after}


def test_no_value_of_a_secret_reaches_the_difference() -> None:
    kept = {LAST_APPLIED: '{"data":{"k":"b2xkLXNlY3JldA=="}}'}
    before, after = secret({"k": "b2xkLXNlY3JldA=="}, annotations=kept), secret({"k": "bmV3"})
    text = render_difference(before, after)
    assert changed_lines(text) == ["-  k: '*** (before)'", "+  k: '*** (after)'"]
    assert "b2xk" not in text + render_difference(None, before)
    assert before["data"] == {"k": "b2xkLXNlY3JldA=="}


@pytest.mark.parametrize(
    ("api_version", "kind", "metadata", "name"),
    [
        ("v1", "Namespace", {"name": "a"}, "v1.Namespace..a"),
        (
            "serving.kserve.io/v1beta1",
            "InferenceService",
            {"name": "iris", "namespace": "default"},
            "serving.kserve.io.v1beta1.InferenceService.default.iris",
        ),
        ("v1", "Pod", {"generateName": "p-", "namespace": "n"}, "v1.Pod.n.p-*"),
    ],
    ids=["cluster scope", "group", "a name yet to be made"],
)
def test_names_are_kubectls(
    api_version: str, kind: str, metadata: dict[str, Any], name: str
) -> None:
    assert file_name({"apiVersion": api_version, "kind": kind, "metadata": metadata}) == name
