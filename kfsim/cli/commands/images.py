"""`kfsim images`: build and list the images of the built-in runtimes."""

import argparse
import contextlib
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfsim.base.errors import Unavailable
from kfsim.cli.commands.common import Subparsers, UsageError
from kfsim.cli.output import format_table

if TYPE_CHECKING:
    from kfsim.backends.docker.imagebuild import BuildRequest


def register(subparsers: Subparsers) -> None:
    text = "build and list the images of the built-in runtimes"
    parser = subparsers.add_parser("images", help=text, description=text, allow_abbrev=False)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    _register_build(verbs)
    text = "list the images that were built"
    listing = verbs.add_parser("list", help=text, description=text, allow_abbrev=False)
    listing.set_defaults(run=run_list)
    _add_docker_host(listing)


def _register_build(verbs: Subparsers) -> None:
    text = "build the images of the built-in runtimes with the Docker engine"
    parser = verbs.add_parser("build", help=text, description=text, allow_abbrev=False)
    parser.set_defaults(run=run_build)
    parser.add_argument("runtimes", nargs="*", metavar="RUNTIME", help="default: all of them")
    parser.add_argument(
        "--base-image",
        default="",
        metavar="IMAGE",
        help="an image with Python; default: the one that the Dockerfile names",
    )
    parser.add_argument(
        "--tag", default="", metavar="NAME[:TAG]", help="default: kfsim/RUNTIME:VERSION"
    )
    parser.add_argument("--no-cache", action="store_true", help="run every step again")
    parser.add_argument(
        "--with",
        dest="requirements",
        action="append",
        default=[],
        metavar="REQUIREMENT",
        help="install this too, or in this version: pandas, scikit-learn==1.5.2; may be repeated",
    )
    parser.add_argument(
        "--wheels", type=Path, metavar="DIR", help="install from these wheels, without the network"
    )
    parser.add_argument(
        "--extra-ca",
        type=Path,
        metavar="FILE",
        default=os.environ.get("PIP_CERT") or None,
        help="certificates (PEM) that pip trusts too while building; default: $PIP_CERT",
    )
    _add_docker_host(parser)


def _add_docker_host(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--docker-host", metavar="URL", help="the engine (DOCKER_HOST, else the default socket)"
    )


def run_build(arguments: argparse.Namespace) -> int:
    from kfsim.backends.docker.imagebuild import build_image

    requests = _requests(arguments)
    with _engine(arguments.docker_host) as client:
        for request in requests:
            for line in build_image(client, request):
                print(line, flush=True)
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    from kfsim.backends.docker.imagebuild import list_images
    from kfsim.backends.docker.imagecontext import known_runtimes

    with _engine(arguments.docker_host) as client:
        found = list_images(client)
    rows = [
        [
            each.runtime,
            each.tag,
            each.image_id.removeprefix("sha256:")[:12],
            datetime.fromtimestamp(each.created, UTC).strftime("%Y-%m-%d %H:%M"),
            f"{each.size / 1e6:.0f} MB",
        ]
        for each in found
    ]
    rows += [
        [name, "<none>", "", "", f"build it: kfsim images build {name}"]
        for name in known_runtimes()
        if name not in {each.runtime for each in found}
    ]
    print(format_table(["RUNTIME", "IMAGE", "ID", "CREATED", "SIZE"], rows))
    return 0


def _requests(arguments: argparse.Namespace) -> "list[BuildRequest]":
    from kfsim.backends.docker.imagebuild import BuildRequest
    from kfsim.backends.docker.imagecontext import InstallSources, known_runtimes

    known = known_runtimes()
    runtimes = list(dict.fromkeys(arguments.runtimes)) or list(known)
    if unknown := [name for name in runtimes if name not in known]:
        raise UsageError(
            f"no image can be built for {', '.join(unknown)}: the runtimes whose images kfsim "
            f"builds are {', '.join(known)}"
        )
    if arguments.tag and len(runtimes) > 1:
        raise UsageError("--tag names one image; give the one RUNTIME that is to get it")
    sources = InstallSources(
        requirements=tuple(arguments.requirements),
        wheels=arguments.wheels,
        extra_ca=arguments.extra_ca,
        pip_settings=os.environ,
    )
    return [
        BuildRequest(
            runtime=name,
            base_image=arguments.base_image,
            tag=arguments.tag,
            no_cache=arguments.no_cache,
            sources=sources,
        )
        for name in runtimes
    ]


@contextlib.contextmanager
def _engine(host: str | None) -> Iterator[Any]:
    """A client of the engine; what goes wrong with it becomes Unavailable, with the mend."""
    import docker  # type: ignore[import-untyped]  # it has none; late: it imports slowly
    import requests

    where = host or os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    try:
        _knock(where)
        options = {"base_url": host} if host else docker.utils.kwargs_from_env()
        with contextlib.closing(docker.APIClient(**options, version="auto", timeout=600)) as client:
            yield client
    except docker.errors.APIError as error:
        raise Unavailable(f"the Docker engine at {where} refused: {error.explanation}") from error
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        problem = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise Unavailable(
            f"cannot use the Docker engine at {where}: {problem}; start Docker, or say where it is "
            "with --docker-host or DOCKER_HOST"
        ) from error


def _knock(where: str) -> None:
    """Connect to a socket file first: its own error says more than what the SDK makes of it."""
    if where.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.connect(where.removeprefix("unix://"))
