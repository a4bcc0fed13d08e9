"""Which rule of a project's maps covers a URI or an image, and what it gives."""

import pytest

from kfsim.api.substitution import LocalMaps, MapRule, Substitution, Substitutor

FILE, FLAG = "kfsim.yaml", "--map"


def uris(**rules: str) -> LocalMaps:
    return LocalMaps(uris=(tuple(MapRule(p, t, FILE) for p, t in rules.items()),))


URIS = uris(
    **{
        "gs://bucket": "/mirror",
        "gs://bucket/models": "/project/models",
        "gs://bucket/one/": "s3://other/",
        "s3://": "/s3",
        "https://host/m.zip": "/zips/m.zip",
        "hf://": "http://mirror:80/hf",
        "pvc://claim": "/",
    }
)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("gs://bucket", "/mirror"),
        ("gs://bucket/", "/mirror"),
        ("gs://bucket/a/../b", "/mirror/b"),
        ("gs://bucket/models", "/project/models"),
        ("gs://bucket/models/iris/1", "/project/models/iris/1"),
        ("gs://bucket/models-old/iris", "/mirror/models-old/iris"),
        ("gs://bucket2/models", None),
        ("gs://bucket/one/two?x=1", "s3://other/two?x=1"),
        ("gs://bucket/one", "s3://other/"),
        ("s3://a/b", "/s3/a/b"),
        ("https://host/m.zip?sig=a/b#c", "/zips/m.zip"),
        ("https://host/m.zip2", None),
        ("hf://org/model", "http://mirror:80/hf/org/model"),
        ("pvc://claim/x", "/x"),
        ("/a/path", None),
    ],
)
def test_the_longest_prefix_of_whole_segments_wins(asked: str, given: str | None) -> None:
    made = URIS.uri(asked, field="f")
    assert (made.given if made else None) == given


def test_a_flag_that_covers_a_uri_wins_over_a_longer_prefix_of_the_file() -> None:
    maps = LocalMaps(
        uris=(
            (MapRule("gs://b", "/flag", FLAG),),
            (MapRule("gs://b/m", "/file", FILE), MapRule("gs://c", "/c", FILE)),
        )
    )
    assert maps.uri("gs://b/m/x", field="f") == Substitution(
        "f", "gs://b/m/x", "/flag/m/x", "--map maps gs://b to /flag"
    )
    other = maps.uri("gs://c", field="f")
    assert other is not None
    assert other.why == "kfsim.yaml maps gs://c to /c"


IMAGES = LocalMaps(
    images=(
        MapRule("kserve/*", "glob", FILE),
        MapRule("kserve/sk*", "longer-glob", FILE),
        MapRule("kserve/sklearnserver", "repository", FILE),
        MapRule("kserve/sklearnserver:v1", "reference", FILE),
        MapRule("host:5000/x", "with-port", FILE),
        MapRule("docker.io/library/nginx", "nginx:mine", FILE),
    )
)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("kserve/sklearnserver:v1", "reference"),
        ("docker.io/kserve/sklearnserver:v1", "reference"),
        ("kserve/sklearnserver:v2", "repository"),
        ("kserve/sklearnserver@sha256:aa", "repository"),
        ("kserve/sklearnserver:v2@sha256:aa", "repository"),
        ("kserve/skother:v1", "longer-glob"),
        ("kserve/xgbserver", "glob"),
        ("ghcr.io/kserve/xgbserver", None),
        ("host:5000/x", "with-port"),
        ("host:5000/x:1", "with-port"),
        ("nginx", "nginx:mine"),
        ("", None),
    ],
)
def test_a_reference_wins_over_a_repository_over_a_glob(asked: str, given: str | None) -> None:
    made = IMAGES.image(asked, field="f")
    assert (made.given if made else None) == given


def test_what_a_rule_leaves_as_it_was_is_no_substitution() -> None:
    same = LocalMaps(images=(MapRule("a", "a:1", FILE),))
    substitutor = Substitutor(same)
    assert substitutor.image("a:1", field="f") == "a:1"
    assert substitutor.made == ()
    assert substitutor.image("a", field="f") == "a:1"
    assert substitutor.made == (Substitution("f", "a", "a:1", "kfsim.yaml maps a to a:1"),)


def test_maps_without_rules_are_false() -> None:
    assert not LocalMaps()
    assert not LocalMaps(uris=((), ()))
    assert URIS
    assert LocalMaps(images=(MapRule("a", "b", FILE),))
