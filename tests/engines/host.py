"""What a second dockerd needs of the machine and may leave there: bridges, mounts, processes, a
firewall rule, a folder. What a test run that was killed has left is removed by the next one."""

import ipaddress
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

PREFIX = "kfsim-"
OWNER = "owner"
"""A file in an engine's folder with the id of the process that made it."""
_BRIDGE = re.compile(rb"br-[0-9a-f]{12}")


def search_path() -> str:
    """PATH with the folders where system programs are."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def make_bridge(name: str) -> None:
    """A bridge with an address of its own."""
    _run("ip", "link", "add", "name", name, "type", "bridge")
    _run("ip", "address", "add", _free_address(), "dev", name)
    _run("ip", "link", "set", name, "up")


def let_bridged_traffic_pass(action: str) -> None:
    """Add (-I) or remove (-D) the rule, where there is iptables at all."""
    if shutil.which("iptables", path=search_path()) is not None:
        rule = ["FORWARD", "-m", "physdev", "--physdev-is-bridged", "-j", "ACCEPT"]
        _run("iptables", "--wait", action, *rule)


def processes_of(folder: Path) -> Iterator[int]:
    """containerd and its shims: they have the engine's folder in their arguments."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it has just ended
            if any(word.startswith(os.fsencode(folder)) for word in words):
                yield int(entry.name)


def sweep(parent: Path) -> None:
    """Remove the traces of engines whose test run is no more."""
    for owner in parent.glob(f"{PREFIX}*/{OWNER}"):
        if not Path("/proc", owner.read_text()).exists():
            remove_traces(owner.parent)


def remove_traces(folder: Path) -> None:
    """Everything of the engine with this folder, whose dockerd has ended."""
    for pid in processes_of(folder):
        os.kill(pid, signal.SIGKILL)
    lines = Path("/proc/self/mounts").read_text().splitlines()
    targets = [line.split()[1] for line in lines]
    for target in sorted((each for each in targets if each.startswith(f"{folder}/")), reverse=True):
        _run("umount", "--lazy", target)
    for name in _bridges_of(folder) & set(os.listdir("/sys/class/net")):
        _run("ip", "link", "delete", name)
    let_bridged_traffic_pass("-D")
    shutil.rmtree(folder, ignore_errors=True)


def _bridges_of(folder: Path) -> set[str]:
    """Its own and those of its networks, as its database names them."""
    database = folder / "data/network/files/local-kv.db"
    found = _BRIDGE.findall(database.read_bytes()) if database.exists() else []
    return {folder.name, *(each.decode() for each in found)}


def _free_address() -> str:
    """An address with a /24 that no route overlaps; two test runs begin at different ones."""
    taken = list(_routes())
    for step in range(100):
        subnet = ipaddress.ip_network(f"10.{100 + (os.getpid() + step) % 100}.255.0/24")
        if not any(subnet.overlaps(route) for route in taken):
            return f"{subnet[1]}/24"
    raise RuntimeError("no free 10.100-199.255.0/24 for a test engine's bridge")


def _routes() -> Iterator[ipaddress.IPv4Network]:
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        fields = line.split()
        address, mask = (int.from_bytes(bytes.fromhex(fields[i]), "little") for i in (1, 7))
        if mask:  # the default route overlaps everything
            yield ipaddress.IPv4Network((address, mask.bit_count()))


def _run(*words: str) -> None:
    environment = {**os.environ, "PATH": search_path()}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
