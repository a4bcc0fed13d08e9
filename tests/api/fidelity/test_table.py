"""The table of effects is complete, and says what the code does."""

import ast
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from kfsim.api import apps, core, meta
from kfsim.api.decoding import model_in
from kfsim.api.fidelity.effects import Effect, FieldTable, When
from kfsim.api.fidelity.table import CONFIG_MAPS, NOTES, TABLES
from kfsim.api.knative import serving as knative_serving
from kfsim.api.kserve import types as kserve
from kfsim.api.meta import Object
from kfsim.api.scheme import find_kind

ROOT = Path(__file__).parents[3] / "kfsim"
# What a user's spec may hold and what is honoured whole: a table would have no rules.
WHOLE = {
    core.ConfigMapVolume,
    core.EnvFromSource,
    core.EnvVar,
    core.KeyToPath,
    core.Lifecycle,
    core.LocalObjectReference,
    core.ObjectReference,
    core.Probe,
    knative_serving.TrafficTarget,
    kserve.Batcher,  # ignored with the field that holds it
    kserve.ExplainerExtension,  # refused with the field that holds it
    kserve.LoggerSpec,  # ignored with the field that holds it
    kserve.ModelFormat,
    kserve.StorageSpec,  # refused with the field that holds it
    kserve.SupportedModelFormat,
    meta.LabelSelector,
    meta.OwnerReference,
}
SPECS = (
    kserve.InferenceServiceSpec,
    kserve.ServingRuntimeSpec,
    knative_serving.ServiceSpec,
    knative_serving.ConfigurationSpec,
    apps.DeploymentSpec,
    core.PodSpec,
)
# Attributes that other things are called too: reading them proves nothing about these fields.
AMBIGUOUS = {
    "claims",  # folders of claims
    "image",  # told in messages of the process backend
    "logger",
    "node_name",  # told to field references
    "os",
    "overhead",
    "parameters",
    "priority",
    "replicas",  # a package
    "resources",  # of containers
    "secrets",
    "storage",  # a package
}


def own_fields(model: type[BaseModel]) -> dict[str, str]:
    """Wire names of what the class itself declares, with Python's names."""
    return {
        field.alias or name: name
        for name, field in model.model_fields.items()
        if name in model.__annotations__
    }


def ids(table: FieldTable) -> str:
    return table.model.__name__


@pytest.mark.parametrize("table", TABLES.values(), ids=ids)
def test_every_field_is_classified_and_no_other(table: FieldTable) -> None:
    told = set(table.honoured)
    told |= {name for rule in table.rules for name in rule.fields if "." not in name}
    assert told == set(own_fields(table.model))


@pytest.mark.parametrize("table", TABLES.values(), ids=ids)
def test_a_field_that_never_has_its_effect_is_not_called_honoured(table: FieldTable) -> None:
    always = {
        name
        for rule in table.rules
        if rule.when is When.ALWAYS and not rule.only
        for name in rule.fields
    }
    # A rule with exceptions leaves something to honour.
    partly = {
        name for rule in table.rules if rule.unless or rule.void_beside for name in rule.fields
    }
    assert not (always - partly) & set(table.honoured)


@pytest.mark.parametrize("table", TABLES.values(), ids=ids)
def test_keys_below_fields_belong_to_fields(table: FieldTable) -> None:
    for rule in table.rules:
        assert {name.partition(".")[0] for name in rule.fields} <= set(own_fields(table.model))


def reachable(model: type[BaseModel], found: set[type[BaseModel]]) -> set[type[BaseModel]]:
    if model in found:
        return found
    found.add(model)
    if model not in WHOLE:
        for field in model.model_fields.values():
            below = model_in(field.annotation)
            if below is not None:
                reachable(below, found)
    return found


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: str(spec.__name__))
def test_no_model_below_a_spec_is_forgotten(spec: type[BaseModel]) -> None:
    for model in reachable(spec, set()):
        if model not in WHOLE:
            bases = [base for base in model.__mro__ if issubclass(base, BaseModel)]
            assert {base for base in bases if getattr(base, "model_fields", None)} <= set(TABLES)


@cache
def attributes_read(package: str) -> frozenset[str]:
    """Every name that some module of a package reads as an attribute."""
    found: set[str] = set()
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found.add(node.attr)
    return frozenset(found)


RUNNERS = ("backends", "replicas", "controllers/pod", "controllers/deployment")
MAKERS = ("controllers", "autoscaler", "dataplane", "flow", "traffic", "backends", "replicas")
PODS = (core.PodSpec, core.Container, core.Volume, core.VolumeMount, core.ContainerPort)


def ignored(*, when: When, models: tuple[type[BaseModel], ...]) -> list[Any]:
    return [
        pytest.param(own_fields(model)[name], id=f"{model.__name__}.{name}")
        for model in models
        for rule in TABLES[model].rules
        if rule.effect is Effect.IGNORED and rule.when is when and not rule.unless
        for name in rule.fields
        if "." not in name and own_fields(model)[name] not in AMBIGUOUS
    ]


@pytest.mark.parametrize("name", ignored(when=When.ALWAYS, models=PODS))
def test_what_has_no_effect_is_read_by_nothing_that_runs_pods(name: str) -> None:
    # Validation and the making of a Pod's record pass fields on; these do not act upon them.
    assert not [package for package in RUNNERS if name in attributes_read(package)]


KSERVE = (
    kserve.ComponentSpec,
    kserve.PredictorSpec,
    kserve.PredictorExtension,
    kserve.ServingRuntimeSpec,
)


@pytest.mark.parametrize("name", ignored(when=When.ALWAYS, models=KSERVE))
def test_what_kserve_asks_without_effect_is_read_by_no_controller(name: str) -> None:
    # Read for concurrency and rps; read under --compat kfserving.
    if name in ("scale_metric", "model_class_name"):
        return
    assert not [package for package in MAKERS if name in attributes_read(package)]


@pytest.mark.parametrize("name", ignored(when=When.PROCESS, models=PODS))
def test_what_a_process_ignores_is_read_by_docker_alone(name: str) -> None:
    assert name not in attributes_read("backends/process")
    assert any(name in attributes_read(each) for each in ("backends/docker", "controllers/pod"))


HONOURED_IN_DOCKER = [
    pytest.param(own_fields(model)[name], id=f"{model.__name__}.{name}")
    for model in PODS
    for name in TABLES[model].honoured
]


@pytest.mark.parametrize("name", HONOURED_IN_DOCKER)
def test_what_is_honoured_is_read_by_something_that_runs_pods(name: str) -> None:
    assert any(name in attributes_read(package) for package in RUNNERS)


@pytest.mark.parametrize("name", [name for name, keys in CONFIG_MAPS.items() if not keys])
def test_config_maps_said_to_be_unread_are_named_nowhere(name: str) -> None:
    quoted = f'"{name}"'
    readers = [path for path in ROOT.rglob("*.py") if quoted in path.read_text()]
    assert readers == [ROOT / "api/fidelity/table.py"]


@pytest.mark.parametrize("name", [name for name, keys in CONFIG_MAPS.items() if keys])
def test_keys_said_to_be_read_of_config_maps_are_read(name: str) -> None:
    stem = name.removeprefix("config-").removesuffix("-config")
    module = (ROOT / "api/config" / f"{stem}.py").read_text()
    for key in CONFIG_MAPS[name]:
        assert "*" in key or f'"{key}"' in module


@pytest.mark.parametrize("reason", set(NOTES) - {"AmbientCredentials"})
def test_events_of_the_table_are_those_of_the_code(reason: str) -> None:
    quoted = f'"{reason}"'
    tellers = [path for path in ROOT.rglob("*.py") if quoted in path.read_text()]
    assert set(tellers) - {ROOT / "api/fidelity/table.py"}


def test_every_kind_that_is_an_object_of_the_table_exists() -> None:
    for model in TABLES:
        if issubclass(model, Object):
            assert find_kind(model.API_VERSION, model.KIND) is not None
