"""What the engine says when a container cannot be created or started, for a user.

Pure. The runtimes below the engine wrap each other's words; what is left is the innermost cause,
with the mend. Reasons are kubelet's (pkg/kubelet/container/sync_result.go, kuberuntime).
"""

import re

from kfsim.backends.failures import CREATE_ERROR, StartFailure
from kfsim.replicas.failures import RUN_ERROR

# Outermost first; each is dropped where the text begins with it.
_WRAPPERS = re.compile(
    r"^(?:failed to create (?:shim )?task(?: for container)?: "
    r"|OCI runtime (?:create|start) failed: |(?:runc|crun) create failed: "
    r"|unable to start container process: "
    r"|error during container init: |container_linux\.go:\d+: [^:]+: caused: "
    r"|driver failed programming external connectivity on endpoint \S+ \([0-9a-f]+\): )+"
)
_UNKNOWN = re.compile(r": unknown(?=$|: )")
# What is wrong may be a secret: a variable without a name is shown with its value.
_VARIABLE = re.compile(r"(invalid environment variable: )=.*")

_MENDS: tuple[tuple[str, str], ...] = (
    (
        r"could not select device driver",
        (
            "the engine cannot give GPUs: install the NVIDIA Container Toolkit and restart the "
            "engine, or set `gpu: fake` or `gpu: ignore` in kfsim.yaml"
        ),
    ),
    (
        r"nvidia-container-cli|unknown device id|nvml error",
        (
            "the NVIDIA driver and the NVIDIA Container Toolkit do not work together: try "
            "`nvidia-smi` on this host, or set `gpu: fake` or `gpu: ignore` in kfsim.yaml"
        ),
    ),
    (
        r"executable file not found|exec: .*no such file or directory",
        "the image has no such program: check command (args alone keep the image's own)",
    ),
    (
        r"exec: .*(?:permission denied|is a directory)",
        "command must name an executable file that the container's user may run",
    ),
    (
        r"exec format error|does not match the (?:detected|specified) .*platform",
        "the image is for another processor: use one for this host's",
    ),
    (
        r"no command specified",
        "the image has no command of its own: give the container a command",
    ),
    (
        r"unable to find (?:user|group)|no matching entries in (?:passwd|group)",
        "the image has no such user: set runAsUser to a number",
    ),
    (
        r"port is already allocated|address already in use",
        "another program has the port: stop it, or use another",
    ),
    (
        r"unknown capability",
        "remove it from securityContext.capabilities",
    ),
    (
        r"duplicate mount point",
        "each mountPath of a container must be different",
    ),
    (
        r"bind source path does not exist|source path .* does not exist",
        (
            "the engine does not see this folder: with Docker Desktop or a remote engine, share it "
            "with the engine (Settings, Resources, File sharing)"
        ),
    ),
    (
        r"mounting .* not a directory|mount a directory onto a file",
        "a folder cannot be mounted over a file of the image: change mountPath, or use subPath",
    ),
    (
        r"mounting .* read-only file system|mkdirat? .*read-only file system",
        "the mountPath is not in the image, or lies in a volume that may only be read: change it",
    ),
    (
        r"destination can't be '/'",
        "a volume cannot replace the whole file system: change mountPath",
    ),
    (
        r"working directory .* is invalid|cannot mkdir|chdir to cwd",
        "check workingDir: an absolute folder that the container's user may enter",
    ),
    (
        r"/proc/sys/",
        "this kernel has no such sysctl: remove it from securityContext.sysctls",
    ),
    (
        r"oom-killed|memory limit (?:too low|allowed)",
        "raise the memory limit",
    ),
    (
        r"non running container|no such container|cannot join network",
        "the container that has the Pod's network has ended: this one is started after it",
    ),
    (
        r"no space left on device",
        "free space where the engine keeps its containers",
    ),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), mend) for pattern, mend in _MENDS)


def make_create_failure(container: str, words: str) -> StartFailure:
    """The engine refused to create the container."""
    return StartFailure(CREATE_ERROR, _describe(f"cannot create container {container}", words))


def make_run_failure(container: str, words: str) -> StartFailure:
    """The container was created, and could not be started."""
    return StartFailure(RUN_ERROR, _describe(f"cannot start container {container}", words))


def clean_words(words: str) -> str:
    """The innermost cause in one line."""
    line = _WRAPPERS.sub("", " ".join(words.split()))
    return _VARIABLE.sub(r"\1its name is empty", _UNKNOWN.sub("", line)).rstrip(".;: ")


def _describe(attempted: str, words: str) -> str:
    cause = clean_words(words) or "the engine gave no reason"
    mend = next((mend for pattern, mend in _PATTERNS if pattern.search(cause)), "")
    return f"{attempted}: {cause}" + (f"; {mend}" if mend else "")
