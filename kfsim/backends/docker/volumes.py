"""Stand-in: from a Pod's volumes to binds."""

from kfsim.api.core import Container
from kfsim.backends.docker.bodies import Allowances, Bind
from kfsim.backends.volumes import VolumeSources, host_folder
from kfsim.replicas.backend import ReplicaSpec


def make_binds(
    spec: ReplicaSpec, container: Container, sources: VolumeSources, allow: Allowances
) -> tuple[Bind, ...]:
    volumes = {each.name: each for each in spec.pod.spec.volumes}
    binds = []
    for mount in container.volume_mounts:
        folder, _ = host_folder(volumes[mount.name], spec.key.namespace, sources)
        binds.append(Bind(folder, mount.mount_path, bool(mount.read_only)))
    return tuple(binds)
