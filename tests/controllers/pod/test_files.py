import pytest

from kfsim.api.core import (
    ConfigMap,
    ConfigMapVolume,
    EmptyDirVolume,
    KeyToPath,
    Pod,
    PodSpec,
    Secret,
    SecretVolume,
    Volume,
)
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.pod.files import MissingVolume, resolve_files

FIELD = {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}


class Sources:
    def config_map(self, name):
        return ConfigMap(data={"a": "1", "b": "2"}) if name == "settings" else None

    def secret(self, name):
        return Secret(string_data={"key": "s"}) if name == "keys" else None


def files(**volume):
    pod = Pod(
        metadata=ObjectMeta(name="iris", namespace="default"),
        spec=PodSpec(volumes=(Volume(name="v", **volume),)),
    )
    return resolve_files(pod, Sources())


@pytest.mark.parametrize(
    ("volume", "contents"),
    [
        pytest.param(
            {"config_map": ConfigMapVolume(name="settings")}, {"a": b"1", "b": b"2"}, id="all keys"
        ),
        pytest.param(
            {
                "config_map": ConfigMapVolume(
                    name="settings", items=(KeyToPath(key="a", path="x/y"),)
                )
            },
            {"x/y": b"1"},
            id="chosen keys",
        ),
        pytest.param({"config_map": ConfigMapVolume(name="no", optional=True)}, {}, id="optional"),
        pytest.param({"secret": SecretVolume(secret_name="keys")}, {"key": b"s"}, id="secret"),
        pytest.param(
            {"secret": SecretVolume(secret_name="no", optional=True)}, {}, id="optional secret"
        ),
        pytest.param({"downward_api": {"items": [FIELD]}}, {"name": b"iris"}, id="downward"),
        pytest.param(
            {
                "projected": {
                    "sources": [
                        {"configMap": {"name": "settings"}},
                        {"secret": {"name": "keys"}},
                        {"downwardAPI": {"items": [FIELD]}},
                        {"serviceAccountToken": {"path": "token"}},
                    ]
                }
            },
            {"a": b"1", "b": b"2", "key": b"s", "name": b"iris"},
            id="projected",
        ),
    ],
)
def test_contents(volume, contents):
    assert files(**volume) == {"v": contents}


def test_other_volumes_are_the_backends():
    assert files(empty_dir=EmptyDirVolume()) == {}


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        pytest.param(
            {"config_map": ConfigMapVolume(name="no")},
            'MountVolume.SetUp failed for volume "v" : configmap "no" not found',
            id="config map",
        ),
        pytest.param(
            {"secret": SecretVolume(secret_name="no")},
            'MountVolume.SetUp failed for volume "v" : secret "no" not found',
            id="secret",
        ),
        pytest.param(
            {"config_map": ConfigMapVolume(name="settings", items=(KeyToPath(key="z", path="z"),))},
            'MountVolume.SetUp failed for volume "v" : references non-existent configmap key: z',
            id="key",
        ),
    ],
)
def test_what_is_missing_is_told_in_kubelets_words(volume, message):
    with pytest.raises(MissingVolume) as caught:
        files(**volume)
    assert caught.value.message == message
