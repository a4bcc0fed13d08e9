from base64 import b64encode

import pytest

from kfsim.api.core import (
    ConfigMap,
    Container,
    EnvFromRef,
    EnvFromSource,
    EnvVar,
    EnvVarSource,
    FieldRef,
    KeySelector,
    Pod,
    PodSpec,
    PodStatus,
    ResourceFieldRef,
    ResourceRequirements,
    Secret,
)
from kfsim.api.meta import ObjectMeta
from kfsim.base.errors import Invalid
from kfsim.controllers.pod.environment import (
    MissingReference,
    config_map_values,
    expand,
    resolve_container,
    resolve_field,
    secret_values,
)

POD = Pod(
    metadata=ObjectMeta(
        name="iris", namespace="default", uid="u", labels={"app": "iris", "a": "b"}
    ),
    spec=PodSpec(containers=(Container(name="c"),), service_account_name="robot"),
    status=PodStatus(pod_ip="127.0.0.9"),
)


class Sources:
    """A ConfigMap `settings` and a Secret `keys`."""

    def config_map(self, name):
        if name != "settings":
            return None
        return ConfigMap(metadata=ObjectMeta(name=name), data={"MODE": "fast", "LEVEL": "3"})

    def secret(self, name):
        if name != "keys":
            return None
        return Secret(metadata=ObjectMeta(name=name), data={"TOKEN": b64encode(b"s3cret").decode()})


def resolve(*env, env_from=(), resources=None):
    container = Container(name="c", env=env, env_from=env_from, resources=resources)
    resolved = resolve_container(container, POD, Sources())
    assert resolved.env_from == ()
    return {each.name: each.value for each in resolved.env}


def from_config_map(name, key, *, optional=None):
    ref = KeySelector(name=name, key=key, optional=optional)
    return EnvVar(name="X", value_from=EnvVarSource(config_map_key_ref=ref))


def from_secret(name, key, *, optional=None):
    ref = KeySelector(name=name, key=key, optional=optional)
    return EnvVar(name="X", value_from=EnvVarSource(secret_key_ref=ref))


def from_field(path):
    return EnvVar(name="X", value_from=EnvVarSource(field_ref=FieldRef(field_path=path)))


def test_a_container_without_environment_is_returned_as_it_is():
    container = Container(name="c")
    assert resolve_container(container, POD, Sources()) is container


def test_plain_values_and_references_to_earlier_names():
    env = resolve(
        EnvVar(name="A", value="1"),
        EnvVar(name="B", value="$(A)-$(C)"),
        EnvVar(name="C", value="3"),
        EnvVar(name="EMPTY"),
    )
    assert env == {"A": "1", "B": "1-$(C)", "C": "3", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain", "plain"),
        ("$(A)$(A)", "11"),
        ("$(KFSIM_PORT_8080)", "$(KFSIM_PORT_8080)"),
        ("$$(A)", "$$(A)"),
        ("$A", "$A"),
        ("$(", "$("),
    ],
)
def test_expansion(text, expanded):
    assert expand(text, {"A": "1"}) == expanded


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param(from_config_map("settings", "MODE"), "fast", id="config map"),
        pytest.param(from_secret("keys", "TOKEN"), "s3cret", id="secret is decoded"),
        pytest.param(from_field("metadata.name"), "iris", id="name"),
        pytest.param(from_field("metadata.labels['app']"), "iris", id="label"),
        pytest.param(from_field("metadata.labels['none']"), "", id="absent label"),
        pytest.param(from_field("metadata.labels"), 'a="b"\napp="iris"', id="all labels"),
        pytest.param(from_field("spec.serviceAccountName"), "robot", id="service account"),
        pytest.param(from_field("spec.nodeName"), "kfsim", id="node"),
        pytest.param(from_field("status.podIP"), "127.0.0.9", id="pod ip"),
        pytest.param(EnvVar(name="X", value_from=EnvVarSource()), "", id="empty source"),
    ],
)
def test_references(variable, value):
    assert resolve(variable) == {"X": value}


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        pytest.param(from_config_map("none", "A"), 'configmap "none" not found', id="config map"),
        pytest.param(from_secret("none", "A"), 'secret "none" not found', id="secret"),
        pytest.param(
            from_config_map("settings", "A"),
            "couldn't find key A in ConfigMap default/settings",
            id="key of a config map",
        ),
        pytest.param(
            from_secret("keys", "A"),
            "couldn't find key A in Secret default/keys",
            id="key of a secret",
        ),
    ],
)
def test_missing_references_are_told_in_kubelets_words(variable, message):
    with pytest.raises(MissingReference) as caught:
        resolve(variable)
    assert caught.value.message == message


def test_optional_references_may_be_missing():
    assert resolve(from_config_map("none", "A", optional=True)) == {}
    assert resolve(from_secret("keys", "A", optional=True)) == {}


def test_whole_maps_come_first_and_single_values_win():
    sources = (
        EnvFromSource(prefix="CFG_", config_map_ref=EnvFromRef(name="settings")),
        EnvFromSource(secret_ref=EnvFromRef(name="keys")),
        EnvFromSource(secret_ref=EnvFromRef(name="none", optional=True)),
        EnvFromSource(config_map_ref=EnvFromRef(name="none", optional=True)),
    )
    env = resolve(EnvVar(name="TOKEN", value="mine"), env_from=sources)
    assert env == {"CFG_MODE": "fast", "CFG_LEVEL": "3", "TOKEN": "mine"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (EnvFromSource(config_map_ref=EnvFromRef(name="n")), 'configmap "n" not found'),
        (EnvFromSource(secret_ref=EnvFromRef(name="n")), 'secret "n" not found'),
    ],
)
def test_missing_whole_maps(source, message):
    with pytest.raises(MissingReference, match=message):
        resolve(env_from=(source,))


@pytest.mark.parametrize(
    ("resource", "divisor", "value"),
    [
        ("limits.cpu", None, "1"),
        ("limits.cpu", "1m", "500"),
        ("requests.memory", "1Mi", "64"),
        ("limits.memory", None, "0"),
        ("other.cpu", None, "0"),
    ],
)
def test_resources_are_divided_and_rounded_up(resource, divisor, value):
    ref = ResourceFieldRef(resource=resource, divisor=divisor)
    variable = EnvVar(name="X", value_from=EnvVarSource(resource_field_ref=ref))
    resources = ResourceRequirements(limits={"cpu": "500m"}, requests={"memory": "64Mi"})
    assert resolve(variable, resources=resources) == {"X": value}


def test_an_unknown_field_is_refused():
    with pytest.raises(Invalid, match=r"unsupported fieldPath: spec\.containers"):
        resolve_field(POD, "spec.containers")


def test_dollars_of_a_secret_reach_the_process_as_they_are():
    class Dollars(Sources):
        def secret(self, name):
            return Secret(metadata=ObjectMeta(name=name), string_data={"TOKEN": "a$$b$(MODE)"})

    reference = EnvVarSource(secret_key_ref=KeySelector(name="keys", key="TOKEN"))
    container = Container(
        name="c",
        env=(
            EnvVar(name="MODE", value="fast"),
            EnvVar(name="ONE", value_from=reference),
            EnvVar(name="TWO", value="<$(ONE)>"),
        ),
        env_from=(EnvFromSource(secret_ref=EnvFromRef(name="keys")),),
    )
    resolved = resolve_container(container, POD, Dollars())
    found = {each.name: (each.value or "").replace("$$", "$") for each in resolved.env}
    assert found == {
        "TOKEN": "a$$b$(MODE)",
        "MODE": "fast",
        "ONE": "a$$b$(MODE)",
        "TWO": "<a$$b$(MODE)>",
    }


def test_binary_and_string_data():
    config_map = ConfigMap(binary_data={"b": b64encode(b"\x00").decode()})
    assert config_map_values(config_map) == {"b": b"\x00"}
    secret = Secret(data={"a": b64encode(b"old").decode()}, string_data={"a": "new"})
    assert secret_values(secret) == {"a": b"new"}
