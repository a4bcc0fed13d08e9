"""`kfsim validate`: what the webhooks would say to the manifests, with no daemon and no network."""

import argparse
import json
import os
from typing import TYPE_CHECKING, Any

from kfsim.api.compat import Compat
from kfsim.cli.commands.common import Subparsers, UsageError, add_namespace
from kfsim.cli.downloads import is_web_address
from kfsim.cli.manifests import Manifests, load_paths
from kfsim.cli.output import warn
from kfsim.daemon.project import PROJECT_FILE

if TYPE_CHECKING:
    from kfsim.cli.validation import Checked, Problem

_DEFAULT_PATH = "manifests/"


def register(subparsers: Subparsers) -> None:
    text = "check manifests as the webhooks would, with no daemon"
    parser = subparsers.add_parser("validate", help=text, description=text, allow_abbrev=False)
    parser.set_defaults(run=run)
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="file, folder, kustomization, http(s) address, or - for standard input; default: "
        f"{_DEFAULT_PATH}",
    )
    parser.add_argument(
        "-R",
        "--recursive",
        action="store_true",
        help="kubectl's flag; folders within folders are read in any case, as `kfsim up` does",
    )
    parser.add_argument("-o", "--output", choices=("json",), help="one JSON object")
    add_namespace(parser)
    parser.add_argument(
        "--compat",
        choices=[str(each) for each in Compat],
        default=str(Compat.KSERVE),
        help="by the webhooks of current KServe (default) or of KFServing 0.6; run it twice to "
        "check manifests for both",
    )


def run(arguments: argparse.Namespace) -> int:
    paths = _paths(arguments)
    # Imported late: the models of all kinds take longer to load than most commands run.
    from kfsim.cli.validation import Verdict, check_manifests, check_project_files

    loaded = load_paths(path for path in paths if os.path.basename(path) != PROJECT_FILE)
    compat = Compat(arguments.compat)
    checked = check_manifests(loaded.found, namespace=arguments.namespace, compat=compat)
    project_files = check_project_files([path for path in paths if not _is_stream(path)])
    if not (checked or loaded.errors or project_files):
        loaded.errors.append(f"no manifests were found in {', '.join(paths)}")
    counts = {word: sum(each.verdict is word for each in checked) for word in Verdict}
    wrong_files = sum(bool(problems) for problems in project_files.values())
    failed = counts[Verdict.INVALID] + len(loaded.errors) + wrong_files
    if arguments.output == "json":
        report = _report(checked, loaded, project_files, valid=not failed)
        print(json.dumps(report, indent=4))
        return 1 if failed else 0
    for line in _lines(checked, loaded, project_files):
        print(line)
    for note in dict.fromkeys(each.note for each in checked if each.note):
        warn(f"note: {note}")
    warn(
        f"{counts[Verdict.VALID]} valid, {failed} with problems, "
        f"{counts[Verdict.NOT_CHECKED]} not checked"
    )
    return 1 if failed else 0


def _paths(arguments: argparse.Namespace) -> list[str]:
    paths: list[str] = arguments.paths or [_DEFAULT_PATH]
    missing = [path for path in paths if not (_is_stream(path) or os.path.exists(path))]
    if missing:
        hint = "" if arguments.paths else "; name a file or folder: kfsim validate PATH"
        raise UsageError(f"no such file or folder: {', '.join(missing)}{hint}")
    return paths


def _is_stream(path: str) -> bool:
    return path == "-" or is_web_address(path)


def _lines(
    checked: "list[Checked]", loaded: Manifests, project_files: dict[str, tuple[str, ...]]
) -> list[str]:
    lines = []
    for each in checked:
        subject = f"{each.manifest.place} {each.manifest.title}"
        texts = [_sentence(problem) for problem in each.problems]
        if each.unknown_kind:
            texts.append(f"not checked: {each.unknown_kind}")
        texts += [] if texts else ["valid"]
        texts += [f"warning: {text}" for text in each.warnings]
        lines += [f"{subject}: {text}" for text in texts]
    for path, problems in project_files.items():
        lines += problems or [f"{path}: valid"]
    return [*lines, *loaded.errors, *(f"skipped {text}" for text in loaded.skipped)]


def describe_problems(checked: "list[Checked]") -> list[str]:
    """A line for each problem, with the document's place."""
    return [
        f"{each.manifest.place} {each.manifest.title}: {_sentence(problem)}"
        for each in checked
        for problem in each.problems
    ]


def _sentence(problem: "Problem") -> str:
    text = f"{problem.field}: {problem.message}" if problem.field else problem.message
    return f"{text}; {problem.suggestion}" if problem.suggestion else text


def _report(
    checked: "list[Checked]",
    loaded: Manifests,
    project_files: dict[str, tuple[str, ...]],
    *,
    valid: bool,
) -> dict[str, Any]:
    """Every key is always there. `message` is what the API would answer."""
    return {
        "valid": valid,
        "documents": [
            {
                "file": each.manifest.shown,
                "line": each.manifest.line,
                "apiVersion": each.manifest.document["apiVersion"],
                "kind": each.manifest.document["kind"],
                "namespace": each.namespace,
                "name": each.manifest.name,
                "verdict": each.verdict.value,
                "message": each.refusal or each.unknown_kind,
                "note": each.note,
                "problems": [
                    {
                        "field": problem.field,
                        "message": problem.message,
                        "suggestion": problem.suggestion,
                    }
                    for problem in each.problems
                ],
                "warnings": list(each.warnings),
            }
            for each in checked
        ],
        "projectFiles": [
            {"file": path, "problems": list(problems)} for path, problems in project_files.items()
        ],
        "unreadable": loaded.errors,
        "skipped": loaded.skipped,
    }
