"""Refused creations and starts, explained. The words are those of Docker 20.10 and 27."""

import pytest

from kfsim.backends.docker.engine_errors import (
    clean_words,
    make_create_failure,
    make_run_failure,
)

RUNC = (
    "failed to create shim task: OCI runtime create failed: runc create failed: unable to start "
    "container process: "
)
NEWER = (
    "failed to create task for container: failed to create shim task: OCI runtime create failed: "
    "runc create failed: unable to start container process: error during container init: "
)


@pytest.mark.parametrize(
    ("words", "cause", "mend"),
    [
        (
            RUNC + 'exec: "x": executable file not found in $PATH: unknown',
            'exec: "x": executable file not found in $PATH',
            "check command",
        ),
        (
            RUNC + 'exec: "/no/such": stat /no/such: no such file or directory: unknown',
            'exec: "/no/such": stat /no/such: no such file or directory',
            "no such program",
        ),
        (
            NEWER + 'exec: "/etc/passwd": permission denied: unknown',
            'exec: "/etc/passwd": permission denied',
            "executable file",
        ),
        (
            RUNC + 'error during container init: error mounting "/tmp" to rootfs at "/etc/passwd": '
            "not a directory: unknown: Are you trying to mount a directory onto a file",
            (
                'error mounting "/tmp" to rootfs at "/etc/passwd": not a directory: '
                "Are you trying to mount a directory onto a file"
            ),
            "use subPath",
        ),
        (
            RUNC + "error during container init: open /proc/sys/net/ipv4/x: no such file or "
            "directory: unknown",
            "open /proc/sys/net/ipv4/x: no such file or directory",
            "securityContext.sysctls",
        ),
        (
            (
                "driver failed programming external connectivity on endpoint kfsim-x (70b0d6de): "
                "Bind for 127.0.0.1:80 failed: port is already allocated"
            ),
            "Bind for 127.0.0.1:80 failed: port is already allocated",
            "stop it",
        ),
        (
            'could not select device driver "nvidia" with capabilities: [[gpu]]',
            'could not select device driver "nvidia" with capabilities: [[gpu]]',
            "NVIDIA Container Toolkit",
        ),
        (
            "unable to find user nobody9: no matching entries in passwd file",
            "unable to find user nobody9: no matching entries in passwd file",
            "runAsUser",
        ),
        ("No such container: abc", "No such container: abc", "has ended"),
    ],
)
def test_a_failed_start_names_the_innermost_cause(words: str, cause: str, mend: str) -> None:
    failure = make_run_failure("model", words)
    assert failure.reason == "RunContainerError"
    assert failure.message.startswith(f"cannot start container model: {cause}; ")
    assert mend in failure.message


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        ("No command specified", "give the container a command"),
        ('invalid CapAdd: unknown capability: "CAP_NOPE"', "securityContext.capabilities"),
        ("Duplicate mount point: /x", "each mountPath"),
        (
            'invalid mount config for type "bind": bind source path does not exist: /nope',
            "share it with the engine",
        ),
        ("the working directory 'x' is invalid, it needs to be an absolute path", "workingDir"),
        ("Cannot mkdir: /etc/passwd is not a directory", "workingDir"),
        (
            (
                'invalid mount config for type "bind": invalid specification: '
                "destination can't be '/'"
            ),
            "change mountPath",
        ),
    ],
)
def test_a_refused_creation(words: str, mend: str) -> None:
    failure = make_create_failure("model", words)
    assert failure.reason == "CreateContainerError"
    assert failure.message.startswith(f"cannot create container model: {words}; ")
    assert mend in failure.message


def test_unknown_words_are_passed_on_alone() -> None:
    assert make_run_failure("c", "new words.").message == "cannot start container c: new words"
    assert "gave no reason" in make_run_failure("c", "").message


def test_a_nameless_variables_value_is_not_shown() -> None:
    assert "hunter2" not in clean_words("invalid environment variable: =hunter2")
