"""A Configuration's Revision."""

import pytest

from kfsim.api.knative import keys
from kfsim.api.knative.serving import Configuration, Revision
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.configuration.resources import (
    generation_of,
    make_revision,
    revision_name,
)

WALL = "2000-01-01T00:00:00Z"


def _configuration(**metadata: object) -> Configuration:
    fields = {"name": "iris", "namespace": "default", "generation": 12, **metadata}
    return Configuration(metadata=ObjectMeta.model_validate(fields))


def test_the_generation_names_the_revision() -> None:
    assert revision_name(_configuration()) == "iris-00012"


def test_without_a_route_the_revision_is_pending() -> None:
    revision = make_revision(_configuration(), wall=WALL)
    assert revision.metadata.labels[keys.ROUTING_STATE] == "pending"
    assert revision.metadata.annotations == {keys.ROUTING_STATE_MODIFIED: WALL}
    assert keys.SERVICE not in revision.metadata.labels


def test_who_changed_the_configuration_created_the_revision() -> None:
    configuration = _configuration(annotations={keys.LAST_MODIFIER: "me"})
    revision = make_revision(configuration, wall=WALL)
    assert revision.metadata.annotations[keys.CREATOR] == "me"


@pytest.mark.parametrize(
    ("label", "expected"),
    [pytest.param("7", 7, id="number"), pytest.param("x", 0, id="text")],
)
def test_generations_are_read_from_the_label(label: str, expected: int) -> None:
    metadata = ObjectMeta(labels={keys.CONFIGURATION_GENERATION: label})
    assert generation_of(Revision(metadata=metadata)) == expected
    assert generation_of(Revision()) == 0
