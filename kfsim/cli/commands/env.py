"""`kfsim env`: the variables for other tools, for `eval "$(kfsim env)"`.

It writes the kubeconfig that KUBECONFIG names into the project's state directory. A daemon that
comes back on another port needs it run again.
"""

import argparse
import json
from pathlib import Path

from kfsim.base.errors import Unavailable
from kfsim.cli.commands.common import Subparsers, UsageError, add_parser, connect
from kfsim.cli.environment import Shell, format_exports, format_unsets, make_variables
from kfsim.cli.kubeconfig import write_kubeconfig


def register(subparsers: Subparsers) -> None:
    parser = add_parser(
        subparsers, "env", run, help='print variables for other tools: eval "$(kfsim env)"'
    )
    parser.add_argument(
        "--shell", choices=list(map(str, Shell)), help="default sh; fish: kfsim env … | source"
    )
    parser.add_argument("-o", "--output", choices=["json"], help="instead of shell lines")
    parser.add_argument("--unset", action="store_true", help="print what takes them away again")


def run(arguments: argparse.Namespace) -> int:
    if arguments.output and (arguments.shell or arguments.unset):
        raise UsageError("-o json goes with neither --shell nor --unset, which are about shells")
    shell = Shell(arguments.shell or Shell.SH)
    if arguments.unset:
        print(format_unsets(shell))
        return 0
    variables = prepare_variables(arguments)
    print(json.dumps(variables, indent=4) if arguments.output else format_exports(variables, shell))
    return 0


def prepare_variables(arguments: argparse.Namespace) -> dict[str, str]:
    """The variables, with the kubeconfig in place. Raises Unavailable."""
    client = connect(arguments)
    status = client.get("/kfsim/v1/status")
    if status.get("starting"):
        raise Unavailable(
            f"the daemon at http://{client.address} is still starting and has no gateway yet; try "
            "again in a moment"
        )
    kubeconfig = write_kubeconfig(Path(status["stateDir"]), client.address)
    return make_variables(gateway=status["gateway"], kubeconfig=str(kubeconfig))
