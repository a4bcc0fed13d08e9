"""Checks of what may be there: Docker with its images, GPUs, kubectl."""

import re
from dataclasses import dataclass

from kfsim.cli.doctor.finding import Finding, note, ok, problem

_SKEW = 1
_KUBECTL_MEND = "kfsim's own commands do the same: kfsim get, apply, describe, logs"


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """`problem` is why no engine can be used, with the mend; the rest is empty then. `images` are
    the names present, `states` the number of containers by state label."""

    problem: str = ""
    where: str = ""
    context: str = ""
    images: frozenset[str] = frozenset()
    runtimes: frozenset[str] = frozenset()
    states: tuple[tuple[str, int], ...] = ()


def check_engine(facts: EngineFacts, *, needed_by: tuple[str, ...]) -> list[Finding]:
    """`needed_by`: services that cannot run as processes."""
    if facts.problem and needed_by:
        return [problem("docker", f"{', '.join(needed_by)} needs it: {facts.problem}", "")]
    if facts.problem:
        return [note("docker", facts.problem)]
    findings = [ok("docker", facts.where)]
    if facts.context not in ("", "default"):
        findings.append(
            note(
                "docker context",
                f"`docker` itself uses context {facts.context}, kfsim {facts.where}",
                "set DOCKER_HOST to that context's endpoint to use the same engine",
            )
        )
    return findings


def check_images(facts: EngineFacts, wanted: tuple[str, ...]) -> list[Finding]:
    """Images of the manifests that must be pulled first."""
    if facts.problem:
        return []
    missing = [image for image in wanted if full_name(image) not in facts.images]
    mend = "to run one of your own, build or tag it under this name; or map it in kfsim.yaml"
    findings = [
        note("image", f"{each} is not present and will be pulled", mend) for each in missing
    ]
    if wanted and not missing:
        findings = [ok("images", f"all {len(wanted)} of the manifests are present")]
    return findings


def full_name(image: str) -> str:
    """With the tag that Docker adds."""
    last = image.rpartition("/")[2]
    return image if ":" in last or "@" in image else f"{image}:latest"


def check_leftovers(facts: EngineFacts, known: frozenset[str]) -> list[Finding]:
    """Containers of state directories that no daemon runs for. `known` are the labels of running
    daemons, whose containers are where they belong."""
    lost = sum(count for state, count in facts.states if state not in known)
    if not lost:
        return []
    return [
        note(
            "leftover containers",
            f"{lost} of daemons that do not run",
            "`kfsim up` adopts those of its project, `kfsim down` there removes them; all: docker "
            "rm -f $(docker ps -aq --filter label=kfsim.dev/state)",
        )
    ]


@dataclass(frozen=True, slots=True)
class GpuFacts:
    """`names` of the devices; `problem` where there are none or NVML fails."""

    names: tuple[str, ...] = ()
    problem: str = ""


def check_gpus(facts: GpuFacts, *, needed_by: tuple[str, ...], mode: str) -> Finding:
    """`mode` is that of kfsim.yaml."""
    if facts.names:
        return ok("gpus", ", ".join(facts.names))
    found = facts.problem or "none"
    if not needed_by:
        return ok("gpus", f"{found}; no manifest asks for one")
    asked = ", ".join(needed_by)
    if mode != "require":
        return ok("gpus", f"{found}; {asked} asks for one, and kfsim.yaml says gpu: {mode}")
    mend = "set `gpu: fake` or `gpu: ignore` in kfsim.yaml to run without"
    return problem("gpus", f"{found}, and {asked} asks for one", mend)


def check_toolkit(engine: EngineFacts, gpus: GpuFacts) -> list[Finding]:
    """Whether containers can be given the GPUs that are there."""
    if engine.problem or not gpus.names:
        return []
    if "nvidia" in engine.runtimes:
        return [ok("container toolkit", "the engine has the runtime nvidia")]
    return [
        note(
            "container toolkit",
            "the engine has no runtime nvidia: containers may get no GPU",
            "install the NVIDIA Container Toolkit and restart the engine",
        )
    ]


def check_kubectl(version: str, *, served: tuple[int, int]) -> Finding:
    """`version` as `kubectl version --client` says it, empty without kubectl."""
    if not version:
        return note("kubectl", "not found", _KUBECTL_MEND)
    parsed = re.match(r"v?(\d+)\.(\d+)", version)
    if parsed is None:
        return note("kubectl", f"says {version!r}, which is no version", _KUBECTL_MEND)
    found = int(parsed[1]), int(parsed[2])
    shown = f"{version}, for an API of {served[0]}.{served[1]}"
    if found[0] != served[0] or abs(found[1] - served[1]) > _SKEW:
        return note(
            "kubectl",
            f"{shown}: Kubernetes supports one minor version of difference",
            "most commands work all the same; kfsim get, apply, … have no such limit",
        )
    return ok("kubectl", shown)


def check_kustomize(*, standalone: bool, kubectl: bool) -> Finding:
    """What `kfsim apply -k` can use."""
    if standalone:
        return ok("kustomize", "found")
    if kubectl:
        return ok("kustomize", "that of kubectl (kubectl kustomize DIR)")
    return note("kustomize", "not found", "install kubectl or kustomize for kustomizations")
