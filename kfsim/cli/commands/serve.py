"""`kfsim serve MODEL`: an InferenceService for a model, written, applied and shown.

The manifest goes into manifests/, which `kfsim up` reads, so that what was tried once is there to
be kept, edited and committed. A file that says something else is never overwritten. The rest is
`kfsim up` for that one file, in the project of its folder or of the daemon that runs here.
"""

import argparse
import os
from pathlib import Path

from kfsim.base.errors import AlreadyExists, KfsimError, Unavailable
from kfsim.cli.commands.common import Subparsers, UsageError
from kfsim.cli.commands.up import add_up_flags, bring_up
from kfsim.cli.discovery import find_own
from kfsim.cli.model_formats import is_uri, recognize_path, recognize_uri
from kfsim.cli.model_service import (
    Choice,
    check_name,
    choose_runtime,
    layout_note,
    make_name,
    make_service,
    parse_format,
    render_service,
)
from kfsim.cli.output import warn
from kfsim.daemon.project import Project, resolve_project

_FOLDER = Path("manifests")


def register(subparsers: Subparsers) -> None:
    text = "serve one model: write its InferenceService, apply it, follow it"
    parser = subparsers.add_parser("serve", help=text, description=text, allow_abbrev=False)
    parser.set_defaults(run=run, fresh=False)
    parser.add_argument("model", metavar="MODEL", help="a file, a folder, or a URI")
    parser.add_argument("--name", help="of the service; default: after the file")
    parser.add_argument("-n", "--namespace", help="default: default")
    parser.add_argument(
        "--format", metavar="NAME[:VERSION]", help="of the model; default: told by the file"
    )
    parser.add_argument("--min-replicas", type=int, metavar="N", help="0: scales to zero")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help=f"for the manifest; default: {_FOLDER}/NAME.yaml"
    )
    parser.add_argument(
        "--print",
        "--dry-run",
        dest="only_print",
        action="store_true",
        help="print the manifest; write, start and apply nothing",
    )
    add_up_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    if arguments.min_replicas is not None and arguments.min_replicas < 0:
        raise UsageError(f"--min-replicas {arguments.min_replicas} is below 0")
    model_format = _format_of(arguments)
    choice = choose_runtime(*model_format)
    name = arguments.name or make_name(arguments.model)
    check_name(name)
    file = _file(arguments, name)
    document = make_service(
        name=name,
        namespace=arguments.namespace,
        model_format=model_format,
        protocol=choice.protocol,
        storage_uri=_storage_uri(arguments.model, file),
        min_replicas=arguments.min_replicas,
    )
    text = render_service(document)
    if note := layout_note(choice, model_format[0]):
        warn(f"note: {note}")
    if arguments.only_print:
        print(text, end="")
        return 0
    _require_server(arguments, model_format[0], choice)
    said = _write(file, text)
    print(f"{said} {file}:\n\n{text}", flush=True)
    return bring_up(arguments, [str(file)], _project(arguments, file))


def _format_of(arguments: argparse.Namespace) -> tuple[str, str | None]:
    """What is said, else what the model tells. Raises NotFound and BadRequest."""
    model = arguments.model
    if arguments.format:
        if not is_uri(model) and not os.path.exists(model):
            recognize_path(Path(model))
        return parse_format(arguments.format)
    return (recognize_uri(model) if is_uri(model) else recognize_path(Path(model))), None


def _file(arguments: argparse.Namespace, name: str) -> Path:
    given = Path(arguments.output) if arguments.output else _FOLDER
    return given / f"{name}.yaml" if given.is_dir() or given == _FOLDER else given


def _storage_uri(model: str, file: Path) -> str:
    """Relative to the manifest for a model below the current folder, which may be moved with it."""
    if is_uri(model):
        return model
    real, here = os.path.realpath(model), os.path.realpath(os.curdir)
    folder = os.path.realpath(file.parent)
    if all(os.path.commonpath([here, each]) == here for each in (real, folder)):
        return os.path.relpath(real, folder)
    return real


def _require_server(arguments: argparse.Namespace, name: str, choice: Choice) -> None:
    """Raises Unavailable where nothing on this host can run the runtime."""
    if choice.has_own_server:
        return
    subject = (
        f"{arguments.model} is a model of the format {name}, which KServe serves with "
        f"{choice.runtime.name} ({choice.image}). kfsim's own server takes scikit-learn models only"
    )
    mend = "`--print` prints the manifest for a cluster"
    if arguments.runtime == "process":
        raise Unavailable(f"{subject}, so this needs Docker: leave out --runtime process; {mend}")
    # Imported late: it is rarely needed.
    from kfsim.backends.docker.connection import connect

    try:
        connect(None)
    except KfsimError as error:
        found = error.message.partition(";")[0]  # its mend is another backend
        raise Unavailable(
            f"{subject}, so this needs Docker, and {found}; start Docker; {mend}"
        ) from None


def _write(file: Path, text: str) -> str:
    """Raises AlreadyExists for a file that says something else."""
    try:
        if file.exists():
            if file.read_text(encoding="utf-8") == text:
                return "found"
            raise AlreadyExists(
                f"{file} exists and says something else; choose another --name or --output, or "
                f"edit it and `kfsim up {file.parent}`"
            )
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(
            f"{file} cannot be written: {error}; choose another place with --output"
        ) from error
    return "wrote"


def _project(arguments: argparse.Namespace, file: Path) -> Project:
    """That of the daemon that runs for the current folder, else that of the manifest's folder."""
    named = arguments.project or arguments.state_dir or os.environ.get("KFSIM_STATE_DIR")
    own = None if named else find_own()
    if own is not None:
        return Project(own.project, own.root, Path(own.state_dir))
    return resolve_project(
        [str(file.parent)], name=arguments.project, state_dir=arguments.state_dir
    )
