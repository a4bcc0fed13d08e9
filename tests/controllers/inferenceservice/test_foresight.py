"""The traffic to come, and whether a transformer finds its predictor."""

import pytest

from kfsim.controllers.inferenceservice.foresight import explain_links, foresee_traffic

V1, V2 = "iris-predictor-00001", "iris-predictor-00002"
MODEL = {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://b/m"}}


def canary(world, conditions, *, ready, traffic):
    world.apply(MODEL)
    world.ready()
    world.apply(MODEL | {"canaryTrafficPercent": 20})
    up = "True" if ready == V2 else "Unknown"
    world.observe(
        *(conditions(t, up) for t in ("ConfigurationsReady", "Ready", "RoutesReady")),
        created=V2,
        ready=ready,
        traffic=traffic,
    )


def test_nothing_is_planned_for_one_revision(world):
    world.apply(MODEL)
    assert foresee_traffic(world.isvc) == []
    world.ready()
    assert foresee_traffic(world.isvc) == []


def test_a_canary_that_comes_up_is_told_beforehand(world, conditions):
    canary(world, conditions, ready=V1, traffic=[(V1, 100, False)])
    assert foresee_traffic(world.isvc) == [
        f"planned, once {V2} is ready: 20 % to {V2}, 80 % to {V1}",
        f"to promote {V2} remove canaryTrafficPercent; canaryTrafficPercent: 0 gives all to {V1}",
    ]


def test_a_canary_in_force_says_how_it_ends(world, conditions):
    canary(world, conditions, ready=V2, traffic=[(V2, 20, True), (V1, 80, False)])
    (line,) = foresee_traffic(world.isvc)
    assert line.startswith(f"to promote {V2} remove")


def test_a_new_revision_without_a_percent_gets_everything(world, conditions):
    world.apply(MODEL)
    world.ready()
    world.observe(conditions("Ready", "Unknown"), created=V2, ready=V1, traffic=[(V1, 100, True)])
    assert foresee_traffic(world.isvc) == [f"planned, once {V2} is ready: 100 % to {V2}"]


@pytest.mark.parametrize(
    ("arguments", "host", "answers", "reason"),
    [
        ([], "iris-predictor.default", True, "service iris-predictor is ready"),
        (
            ["--predictor_host=irys-predictor.default:80"],
            "irys-predictor.default:80",
            False,
            "there is no service irys-predictor in namespace default; remove --predictor_host",
        ),
    ],
    ids=["its-own", "another"],
)
def test_where_a_transformer_looks(world, arguments, host, answers, reason):
    world.apply(MODEL, transformer={"containers": [{"image": "i", "args": arguments}]})
    world.ready()
    (link,) = explain_links(world.store, world.isvc)
    assert (link["component"], link["host"], link["answers"]) == ("transformer", host, answers)
    assert link["reason"].startswith(reason)


def test_a_predictor_that_is_not_ready_is_told_to_the_transformers_owner(world, conditions):
    world.apply(MODEL, transformer={"containers": [{"image": "i"}]})
    world.observe(
        conditions("Ready", "False", "RevisionFailed", "no GPU"),
        created=V1, ready="", traffic=[],
    )  # fmt: skip
    (link,) = explain_links(world.store, world.isvc)
    assert link["reason"] == "service iris-predictor is not ready: no GPU"


def test_a_predictor_alone_asks_nobody(world):
    world.apply(MODEL)
    assert explain_links(world.store, world.isvc) == []
