"""Volumes of a Pod as folders of this host that a container sees."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kfsim.api.core import (
    ConfigMapVolume,
    Container,
    EmptyDirVolume,
    EnvVar,
    HostPathVolume,
    KeyToPath,
    PersistentVolumeClaimVolume,
    SecretVolume,
    Volume,
    VolumeMount,
)
from kfsim.backends.docker.creation import Allowances, Bind
from kfsim.backends.docker.volumes import make_binds
from kfsim.backends.failures import StartFailure
from kfsim.backends.volumes import VolumeSources
from tests.backends.docker.samples import make_pod, make_spec


@dataclass
class Disk:
    """A replica's folder, and the folder of claims."""

    root: Path

    @property
    def volumes(self) -> Path:
        return self.root / "replica" / "volumes"

    def bind(
        self,
        volume: Volume,
        *mounts: VolumeMount,
        files: Mapping[str, Mapping[str, bytes]] | None = None,
        downloaded: Mapping[str, str] | None = None,
        allow: Allowances | None = None,
        env: tuple[EnvVar, ...] = (),
        **pod: Any,
    ) -> tuple[Bind, ...]:
        container = Container(name="c", volume_mounts=mounts or (mount(),), env=env)
        spec = make_spec(make_pod(container, volumes=(volume,), **pod), files=files)
        sources = VolumeSources(
            folder=self.root / "replica",
            claims=self.root / "claims",
            files=spec.files,
            downloaded=downloaded or {},
        )
        return make_binds(spec, container, sources, allow or Allowances())


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    (tmp_path / "replica").mkdir(mode=0o700)
    return Disk(tmp_path)


def mount(path: str = "/m", **given: Any) -> VolumeMount:
    return VolumeMount(name="v", mount_path=path, **given)


def mode(path: Path | str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


EMPTY = Volume(name="v", empty_dir=EmptyDirVolume())


def test_an_empty_dir_is_everyones_below_a_folder_of_the_users(disk: Disk) -> None:
    before = os.umask(0o077)
    try:
        binds = disk.bind(EMPTY, mount("/a"), mount("b/", read_only=True))
    finally:
        os.umask(before)
    folder = str(disk.volumes / "v")
    assert binds == (Bind(folder, "/a", read_only=False), Bind(folder, "/b", read_only=True))
    assert (mode(folder), mode(disk.volumes)) == (0o777, 0o700)


def test_an_empty_dir_keeps_its_files_when_its_container_starts_again(disk: Disk) -> None:
    (bind,) = disk.bind(EMPTY)
    (Path(bind.source) / "kept").touch()
    Path(bind.source).chmod(0o1770)
    assert disk.bind(EMPTY) == (bind,)
    assert (Path(bind.source) / "kept").exists()
    assert mode(bind.source) == 0o1770


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders to any group")
def test_fs_group_owns_an_empty_dir_and_what_is_made_in_it(disk: Disk) -> None:
    (bind,) = disk.bind(EMPTY, security_context={"fsGroup": 4321})
    assert os.stat(bind.source).st_gid == 4321
    assert mode(bind.source) == 0o2777


def test_a_memory_volume_of_one_container_is_not_a_folder(disk: Disk) -> None:
    memory = Volume(name="v", empty_dir=EmptyDirVolume(medium="Memory"))
    assert disk.bind(memory) == ()
    assert len(disk.bind(memory, mount("/a"), mount("/b"))) == 2
    assert len(disk.bind(memory, mount(sub_path="x"))) == 1


_ITEMS = (KeyToPath(key="k", path="sub/k", mode=0o400), KeyToPath(key="l", path="l"))
_CONTENT = {"v": {"sub/k": b"1", "l": b"2"}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"config_map": ConfigMapVolume(name="x")}, (0o644, 0o644), id="configMap"),
        pytest.param(
            {"config_map": ConfigMapVolume(name="x", items=_ITEMS)}, (0o400, 0o644), id="item"
        ),
        pytest.param(
            {"secret": SecretVolume(secret_name="x", default_mode=0o440)},
            (0o440, 0o440),
            id="default",
        ),
        pytest.param(
            {"secret": SecretVolume(secret_name="x", default_mode=0o440, items=_ITEMS)},
            (0o400, 0o440),
            id="item-over-default",
        ),
        pytest.param(
            {
                "projected": {
                    "defaultMode": 0o600,
                    "sources": [
                        {"secret": {"items": [{"key": "k", "path": "sub/k", "mode": 0o444}]}},
                        {"downwardAPI": {"items": [{"path": "l", "mode": 0o500}]}},
                    ],
                }
            },
            (0o444, 0o500),
            id="projected",
        ),
        pytest.param(
            {"downward_api": {"items": [{"path": "l", "mode": 0o555}]}}, (0o644, 0o555), id="down"
        ),
    ],
)
def test_files_have_their_modes_and_are_read_only(
    disk: Disk, given: dict[str, Any], expected: tuple[int, int]
) -> None:
    volume = Volume(name="v", **given)
    assert disk.bind(volume, files=_CONTENT) == (
        Bind(str(disk.volumes / "v"), "/m", read_only=True),
    )
    folder = disk.volumes / "v"
    assert (folder / "sub" / "k").read_bytes() == b"1"
    assert (mode(folder / "sub" / "k"), mode(folder / "l")) == expected
    assert mode(folder) == mode(folder / "sub") == 0o755
    assert mode(disk.volumes) == 0o700


@pytest.mark.parametrize("read_only", [None, True])
def test_a_claim_is_its_folder(disk: Disk, read_only: bool | None) -> None:
    folder = disk.root / "claims" / "ns" / "data"
    folder.mkdir(parents=True)
    claim = PersistentVolumeClaimVolume(claim_name="data", read_only=read_only)
    volume = Volume(name="v", persistent_volume_claim=claim)
    assert disk.bind(volume) == (Bind(str(folder), "/m", read_only=bool(read_only)),)


def test_a_missing_claim_says_which_folder_to_make(disk: Disk) -> None:
    claim = PersistentVolumeClaimVolume(claim_name="data")
    with pytest.raises(StartFailure, match=str(disk.root / "claims" / "ns" / "data")):
        disk.bind(Volume(name="v", persistent_volume_claim=claim))


def test_a_model_is_where_it_was_fetched_and_read_only_as_its_mount_says(disk: Disk) -> None:
    given = {"v": "/cache/model"}
    (bind,) = disk.bind(EMPTY, mount(read_only=True), downloaded=given)
    assert bind == Bind("/cache/model", "/m", read_only=True)
    (bind,) = disk.bind(EMPTY, downloaded=given)
    assert bind == Bind("/cache/model", "/m", read_only=False)
    assert not disk.volumes.exists()


def test_a_model_has_only_the_parts_that_were_fetched(disk: Disk) -> None:
    (disk.root / "model" / "1").mkdir(parents=True)
    given = {"v": str(disk.root / "model")}
    (bind,) = disk.bind(EMPTY, mount(sub_path="1"), downloaded=given)
    assert bind.source == str(disk.root / "model" / "1")
    with pytest.raises(StartFailure, match="has no '2'"):
        disk.bind(EMPTY, mount(sub_path="2"), downloaded=given)
    assert os.listdir(disk.root / "model") == ["1"]


def test_a_sub_path_that_is_not_there_is_made_for_everyone(disk: Disk) -> None:
    (bind,) = disk.bind(EMPTY, mount(sub_path="a/b"))
    assert bind.source == str(disk.volumes / "v" / "a" / "b")
    assert mode(bind.source) == 0o777


def test_a_sub_path_may_name_one_file(disk: Disk) -> None:
    volume = Volume(name="v", config_map=ConfigMapVolume(name="x"))
    (bind,) = disk.bind(volume, mount("/etc/l", sub_path="l"), files=_CONTENT)
    assert bind == Bind(str(disk.volumes / "v" / "l"), "/etc/l", read_only=True)


def test_a_sub_path_does_not_follow_what_a_container_planted(disk: Disk) -> None:
    (bind,) = disk.bind(EMPTY)
    (Path(bind.source) / "out").symlink_to("/etc")
    for part in ("out", "out/ssl", "../w"):
        with pytest.raises(StartFailure, match="leaves volume 'v'"):
            disk.bind(EMPTY, mount(sub_path=part))


ENV = (EnvVar(name="POD", value="p-1"), EnvVar(name="ROOT", value="/x"))


def test_sub_path_expr_uses_the_containers_variables(disk: Disk) -> None:
    (bind,) = disk.bind(EMPTY, mount(sub_path_expr="logs/$(POD)"), env=ENV)
    assert bind.source == str(disk.volumes / "v" / "logs" / "p-1")


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("$(NOPE)", "'NOPE', which container c does not have; it has POD, ROOT"),
        ("$(ROOT)/y", "error SubPath `/x/y` must not be an absolute path"),
        ("$(POD)/../..", "leaves volume 'v'"),
    ],
)
def test_sub_path_expr_that_leads_nowhere(disk: Disk, expression: str, told: str) -> None:
    with pytest.raises(StartFailure, match=told):
        disk.bind(EMPTY, mount(sub_path_expr=expression), env=ENV)


def test_an_escaped_reference_is_a_name(disk: Disk) -> None:
    (bind,) = disk.bind(EMPTY, mount(sub_path_expr="$$(POD)"), env=ENV)
    assert bind.source.endswith("/$(POD)")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"csi": {"driver": "x"}}, "of the kind csi, which kfsim does not have; use emptyDir"),
        ({"nfs": {"server": "x"}}, "of the kind nfs"),
        ({"image": {"reference": "x"}}, "of the kind image"),
        ({"ephemeral": {}}, "of the kind ephemeral"),
        ({"empty_dir": EmptyDirVolume(medium="HugePages-2Mi")}, "emptyDir with medium HugePages"),
        ({}, "of the kind unknown"),
    ],
)
def test_other_kinds_are_named(disk: Disk, given: dict[str, Any], told: str) -> None:
    with pytest.raises(StartFailure, match=told):
        disk.bind(Volume(name="v", **given))


def test_a_mount_of_no_volume_names_those_there_are(disk: Disk) -> None:
    with pytest.raises(StartFailure, match=r"volume 'w', which the Pod does not have; .* v"):
        disk.bind(EMPTY, VolumeMount(name="w", mount_path="/m"))


def test_a_full_disk_is_a_failure_of_the_container(disk: Disk) -> None:
    disk.volumes.touch()  # a file where the folder should be: mkdir fails as on a full disk
    with pytest.raises(StartFailure, match=r"volume 'v' cannot be set up: .*exists"):
        disk.bind(EMPTY)


ALLOWED = Allowances(host_path=True)


def host_path(path: object, kind: str | None = None) -> Volume:
    return Volume(name="v", host_path=HostPathVolume(path=str(path), type=kind))


def test_a_host_path_needs_the_flag(disk: Disk) -> None:
    with pytest.raises(StartFailure, match="--allow-host-path"):
        disk.bind(host_path(disk.root))
    assert disk.bind(host_path(disk.root), allow=ALLOWED) == (
        Bind(str(disk.root), "/m", read_only=False),
    )


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("missing", None, "missing of volume 'v' does not exist; create it"),
        ("missing", "Directory", "hostPath type check failed: .*missing is not a directory"),
        ("missing", "File", "missing is not a file"),
        ("file", "Directory", "file is not a directory"),
        ("file", "DirectoryOrCreate", "file is not a directory"),
        ("folder", "File", "folder is not a file"),
        ("folder", "FileOrCreate", "folder is not a file"),
        ("folder", "Socket", "folder is not a socket file"),
        ("folder", "CharDevice", "folder is not a character device"),
        ("folder", "BlockDevice", "folder is not a block device"),
        ("folder", "Folder", "type 'Folder' of volume 'v' is not known; known are Directory,"),
        ("folder/../file", None, r"must be absolute, without '\.\.'"),
    ],
)
def test_host_path_types_are_checked(disk: Disk, name: str, kind: str | None, told: str) -> None:
    (disk.root / "folder").mkdir()
    (disk.root / "file").touch()
    with pytest.raises(StartFailure, match=told):
        disk.bind(host_path(f"{disk.root}/{name}", kind), allow=ALLOWED)


def test_host_paths_are_created_where_their_type_says_so(disk: Disk) -> None:
    disk.bind(host_path(disk.root / "a" / "b", "DirectoryOrCreate"), allow=ALLOWED)
    assert (disk.root / "a" / "b").is_dir()
    disk.bind(host_path(disk.root / "a" / "f", "FileOrCreate"), allow=ALLOWED)
    assert (disk.root / "a" / "f").is_file()
    disk.bind(host_path("/dev/null", "CharDevice"), allow=ALLOWED)
