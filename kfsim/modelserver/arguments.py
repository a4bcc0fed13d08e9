"""The command line of KServe's Python servers, as far as it means something here."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

ANSWERS = ("kserve", "tornado")


@dataclass(frozen=True, slots=True)
class Arguments:
    """`socket_fd` is an inherited socket, bound and perhaps listening, used instead of a port."""

    model_name: str
    model_dir: str
    http_host: str
    http_port: int
    socket_fd: int | None
    allow_pickle: bool
    answers: str
    ignored: tuple[str, ...]


def parse_arguments(given: Sequence[str]) -> Arguments:
    """Unknown arguments are kept in `ignored`, as KServe's servers ignore them too."""
    parser = argparse.ArgumentParser(prog="kfsim.modelserver", allow_abbrev=False)
    parser.add_argument("--model_name", default="model", help="name in the request path")
    parser.add_argument("--model_dir", required=True, help="folder with exactly one model file")
    parser.add_argument("--http_host", default="127.0.0.1")
    parser.add_argument("--http_port", type=int, default=8080)
    parser.add_argument("--workers", type=int, default=1, help="accepted; one process serves")
    parser.add_argument("--socket_fd", type=int, help="inherited socket to serve on")
    parser.add_argument("--allow_pickle", choices=("always", "never"), default="always")
    parser.add_argument(
        "--answers",
        choices=ANSWERS,
        default=ANSWERS[0],
        help="paths and errors as KServe's server has them, or KFServing's on Tornado",
    )
    known, ignored = parser.parse_known_args(list(given))
    return Arguments(
        model_name=known.model_name,
        model_dir=known.model_dir.removeprefix("file://"),
        http_host=known.http_host,
        http_port=known.http_port,
        socket_fd=known.socket_fd,
        allow_pickle=known.allow_pickle == "always",
        answers=known.answers,
        ignored=tuple(ignored),
    )
