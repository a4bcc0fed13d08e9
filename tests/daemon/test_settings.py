"""Settings survive their own command line."""

from pathlib import Path

import pytest

from kfsim.api.compat import Compat
from kfsim.daemon.settings import DaemonSettings, parse_address, parse_map


def test_settings_read_back_from_their_command() -> None:
    settings = DaemonSettings(
        project="p",
        root="/m",
        state_dir=Path("/s"),
        gateway="127.0.0.1:0",
        gateway_is_default=False,
        runtime="docker",
        allow_pickle=False,
        allow_privileged=True,
        allow_host_path=True,
        strict=True,
        compat=Compat.KFSERVING,
        fresh=True,
        foreground=True,
        project_file=Path("/m/kfsim.yaml"),
        maps={"gs://bucket": "/models", "s3://b/x": "https://host/x=y"},
    )
    assert DaemonSettings.parse(settings.command()[3:]) == settings


@pytest.mark.parametrize("text", ["gs://bucket", "=./models", "gs://bucket=", ""])
def test_a_malformed_map_names_its_option(text: str) -> None:
    with pytest.raises(ValueError, match=r"--map .* is not PREFIX=TARGET"):
        parse_map(text)


@pytest.mark.parametrize("text", ["8080", "localhost:", "localhost:x", "h:70000", ":80"])
def test_malformed_addresses_name_their_option(text: str) -> None:
    with pytest.raises(ValueError, match="--api"):
        parse_address(text, option="--api")
