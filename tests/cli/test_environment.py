"""Variables for other tools, and their quoting, which a real shell reads back."""

import subprocess

import pytest

from kfsim.cli.environment import NAMES, Shell, format_exports, format_unsets, make_variables


@pytest.mark.parametrize(
    ("gateway", "host", "port"),
    [("127.0.0.1:8080", "127.0.0.1", "8080"), ("[::1]:81", "[::1]", "81")],
    ids=["IPv4", "IPv6 keeps the brackets that URLs want"],
)
def test_the_gateway_is_named_in_both_ways(gateway: str, host: str, port: str) -> None:
    assert make_variables(gateway=gateway, kubeconfig="/k") == {
        "INGRESS_HOST": host,
        "INGRESS_PORT": port,
        "KSERVE_INGRESS_HOST_PORT": gateway,
        "KUBECONFIG": "/k",
    }


AWKWARD = [
    "/plain/path",
    "/with  two blanks",
    "/it's",
    '/a"quote',
    "/back\\slash\\'",
    "/$HOME `id` $(id)",
    "/glob*?[a]~",
    "/semi;colon&",
    "/new\nline",
    "/ünï",
    "",
]


@pytest.mark.parametrize("path", AWKWARD)
def test_sh_reads_back_what_was_meant(path: str) -> None:
    lines = format_exports({"KUBECONFIG": path, "INGRESS_HOST": "[::1]"}, Shell.SH)
    script = 'eval "$1"; sh -c \'printf "%s|%s" "$KUBECONFIG" "$INGRESS_HOST"\''
    done = subprocess.run(["sh", "-c", script, "sh", lines], capture_output=True, check=True)
    assert done.stdout.decode() == f"{path}|[::1]"


@pytest.mark.parametrize(
    ("path", "quoted"),
    [
        ("/plain", "'/plain'"),
        ("/it's", r"'/it\'s'"),
        ("/back\\slash", r"'/back\\slash'"),
        ("/$HOME (id)", "'/$HOME (id)'"),
        ("", "''"),
    ],
    ids=["plain", "quote", "backslash", "nothing is expanded", "empty"],
)
def test_fish_has_two_escapes_in_single_quotes(path: str, quoted: str) -> None:
    assert format_exports({"KUBECONFIG": path}, Shell.FISH) == f"set -gx KUBECONFIG {quoted};"


def test_unset_takes_away_what_was_exported_and_nothing_else() -> None:
    exports = format_exports(make_variables(gateway="127.0.0.1:1", kubeconfig="/k"), Shell.SH)
    script = 'eval "$1"; eval "$2"; env'
    done = subprocess.run(
        ["sh", "-c", script, "sh", exports, format_unsets(Shell.SH)],
        capture_output=True,
        check=True,
        env={"KEPT": "1"},
    )
    left = {line.split(b"=")[0].decode() for line in done.stdout.splitlines()}
    assert "KEPT" in left
    assert not left & set(NAMES)


def test_fish_takes_away_only_what_was_set_globally() -> None:
    assert format_unsets(Shell.FISH).splitlines() == [f"set -eg {name};" for name in NAMES]
