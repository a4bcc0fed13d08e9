"""`kfsim convert`: old InferenceService manifests as v1beta1, with no daemon and no network.

Exit codes: 0 converted, 1 some document cannot be (the others are printed), 2 wrong usage.
"""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kfsim.api.compat import Compat
from kfsim.base.errors import KfsimError
from kfsim.cli.commands.common import Subparsers, UsageError
from kfsim.cli.manifests import load_paths
from kfsim.cli.output import warn

if TYPE_CHECKING:
    from kfsim.cli.conversion import Converted

_HELP = "print v1alpha2 and serving.kubeflow.org InferenceServices as serving.kserve.io/v1beta1"
_DETAILS = (
    "Other documents are printed as they are. Comments and the order of fields within v1alpha2 "
    "documents are lost. A v1alpha2 canary takes two steps in v1beta1, which has one spec at a "
    "time: apply the output, wait until it is ready, then apply the output of --canary. What has "
    "no equivalent is said on standard error."
)


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "convert", help=_HELP, description=f"{_HELP}. {_DETAILS}", allow_abbrev=False
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="file, folder or - for standard input"
    )
    parser.add_argument(
        "-f", "--filename", action="append", default=[], metavar="PATH", help="the same"
    )
    parser.add_argument(
        "-o", "--output", choices=("yaml", "json"), default="yaml", help="default: yaml"
    )
    parser.add_argument(
        "--canary",
        action="store_true",
        help="print the second step: canary specs with canaryTrafficPercent, and nothing else",
    )
    parser.add_argument(
        "--compat",
        choices=[str(each) for each in Compat],
        default=str(Compat.KSERVE),
        help="kserve (default), or kfserving for serving.kubeflow.org/v1beta1, which KFServing 0.5 "
        "and 0.6 read",
    )


def run(arguments: argparse.Namespace) -> int:
    paths = [*arguments.filename, *arguments.paths]
    if not paths:
        raise UsageError("name what to convert: kfsim convert -f FILE, or - for standard input")
    converted, failed = _convert_all(paths, Compat(arguments.compat))
    if arguments.canary:
        shown = [each.canary for each in converted if each.canary is not None]
        if not shown:
            warn("Error: no document has a canary, so there is no second step")
            return 1
        print(_encode_all(shown, arguments.output))
    elif converted:
        print(_render(converted, arguments.output, _again(paths)))
    return 1 if failed else 0


def _convert_all(paths: list[str], target: Compat) -> tuple[list["Converted"], bool]:
    """Everything that could be converted, and whether something could not, which is said."""
    # Imported late: the models of all kinds take longer to load than most commands run.
    from kfsim.cli.conversion import convert_document

    loaded = load_paths(paths)
    for error in loaded.errors:
        warn(f"Error: {error}")
    for skipped in loaded.skipped:
        warn(f"skipped {skipped}")
    converted = []
    failed = bool(loaded.errors)
    for manifest in loaded.found:
        subject = f"{manifest.place} {manifest.title}"
        try:
            made = convert_document(manifest.document, target=target)
        except (KfsimError, TypeError) as error:  # TypeError: what YAML can say and JSON cannot
            warn(f"Error: {subject} cannot be converted: {error}")
            failed = True
            continue
        for note in made.notes:
            warn(f"{subject}: {note}")
        converted.append(made)
    return converted, failed


def _again(paths: list[str]) -> str:
    return "kfsim convert --canary " + " ".join(f"-f {path}" for path in paths)


def _render(converted: Sequence["Converted"], style: str, again: str) -> str:
    if style == "json":
        for each in converted:
            if each.canary is not None:
                warn(_steps(each, again))
        return _encode_all([each.document for each in converted], style)
    texts = []
    for each in converted:
        text = _encode_yaml(each.document)
        if each.canary is not None:
            comment = "".join(f"# {line}\n" for line in _steps(each, again).splitlines())
            text = comment + text
        texts.append(text)
    return "---\n".join(texts).rstrip("\n")


def _steps(converted: "Converted", again: str) -> str:
    """How a canary is rolled out in v1beta1."""
    name = converted.document["metadata"].get("name", "")
    percent = (converted.canary or {})["spec"]["predictor"]["canaryTrafficPercent"]
    return (
        f"{name}: v1beta1 has one spec at a time, so its canary takes two steps.\n"
        f"1. Apply this, the default endpoint, and wait until it is ready.\n"
        f"2. Apply the canary, which then gets {percent} % of the traffic:\n"
        f"   {again} | kfsim apply -f -\n"
        "Raise canaryTrafficPercent to shift traffic; remove it to promote the canary."
    )


def _encode_all(documents: Sequence[dict[str, Any]], style: str) -> str:
    if style == "yaml":
        return "---\n".join(map(_encode_yaml, documents)).rstrip("\n")
    if len(documents) == 1:
        return json.dumps(documents[0], indent=4)
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}, indent=4)


def _encode_yaml(document: dict[str, Any]) -> str:
    import yaml  # imported late: most commands print no YAML

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(document, Dumper=dumper, default_flow_style=False, sort_keys=False))
