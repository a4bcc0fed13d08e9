"""Watch streams over a real socket."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.kubeapi.conftest import GROUP, Api, make_isvc

ISVCS = f"{GROUP}/namespaces/default/inferenceservices"


class Stream:
    def __init__(self, content: Any) -> None:
        self._content = content

    async def next(self) -> tuple[str, dict[str, Any]]:
        event = json.loads(await self._content.readline())
        return event["type"], event["object"]

    async def ended(self) -> bool:
        return await self._content.readline() == b""


@asynccontextmanager
async def watching(api: Api, query: str = "", **headers: str) -> AsyncIterator[Stream]:
    url = f"{api.url}{ISVCS}?watch=1&{query}"
    async with api.session.get(url, headers=headers) as response:
        assert response.status == 200
        yield Stream(response.content)


async def test_a_watch_begins_with_what_exists(api: Api) -> None:
    _, made = await api.call("POST", ISVCS, make_isvc("a"))
    async with watching(api) as stream:
        assert await stream.next() == ("ADDED", made)
        _, patched = await api.patch(f"{ISVCS}/a", {"metadata": {"labels": {"x": "y"}}})
        assert await stream.next() == ("MODIFIED", patched)
        await api.call("DELETE", f"{ISVCS}/a")
        type_, gone = await stream.next()
        assert type_ == "DELETED"
        assert int(gone["metadata"]["resourceVersion"]) > int(
            patched["metadata"]["resourceVersion"]
        )


async def test_a_watch_continues_from_a_version(api: Api) -> None:
    _, first = await api.call("POST", ISVCS, make_isvc("a"))
    await api.call("POST", ISVCS, make_isvc("b"))
    async with watching(api, f"resourceVersion={first['metadata']['resourceVersion']}") as stream:
        type_, obj = await stream.next()
        assert (type_, obj["metadata"]["name"]) == ("ADDED", "b")


async def test_selection_turns_changes_into_arrivals_and_departures(api: Api) -> None:
    await api.call("POST", ISVCS, make_isvc("a"))
    async with watching(api, f"labelSelector=x&resourceVersion={api.store.resource_version}") as s:
        await api.patch(f"{ISVCS}/a", {"metadata": {"labels": {"x": "1"}}})
        assert (await s.next())[0] == "ADDED"
        await api.patch(f"{ISVCS}/a", {"metadata": {"labels": {"x": "2"}}})
        assert (await s.next())[0] == "MODIFIED"
        await api.patch(f"{ISVCS}/a", {"metadata": {"labels": {"x": None}}})
        assert (await s.next())[0] == "DELETED"
        await api.call("DELETE", f"{ISVCS}/a")
        await api.call("POST", ISVCS, make_isvc("b", labels={"x": "3"}))
        type_, obj = await s.next()
        assert (type_, obj["metadata"]["name"]) == ("ADDED", "b")


async def test_initial_events_are_closed_by_a_bookmark(api: Api) -> None:
    await api.call("POST", ISVCS, make_isvc("a"))
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with watching(api, query) as stream:
        assert (await stream.next())[0] == "ADDED"
        type_, obj = await stream.next()
        assert type_ == "BOOKMARK"
        assert obj["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert obj["metadata"]["resourceVersion"] == str(api.store.resource_version)


async def test_lost_history_is_an_error_event(api: Api) -> None:
    for number in range(1002):
        await api.call("POST", ISVCS, make_isvc(f"a{number}"))
    async with watching(api, "resourceVersion=1") as stream:
        type_, status = await stream.next()
        assert (type_, status["code"], status["reason"]) == ("ERROR", 410, "Expired")
        assert await stream.ended()


async def test_a_timeout_ends_the_watch(api: Api) -> None:
    async with watching(api, "timeoutSeconds=1") as stream:
        assert await stream.ended()


async def test_closing_the_server_ends_watches(api: Api) -> None:
    async with watching(api) as stream:
        await api.server.close()
        assert await stream.ended()


async def test_leaving_clients_are_forgotten(api: Api) -> None:
    async with watching(api) as stream:
        await api.call("POST", ISVCS, make_isvc("a"))
        await stream.next()
        assert api.store._history.open_watches == 1
    for name in "bcdef":
        await api.call("POST", ISVCS, make_isvc(name))
    assert api.store._history.open_watches == 0


async def test_watches_as_tables(api: Api) -> None:
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    async with watching(api, Accept=accept) as stream:
        await api.call("POST", ISVCS, make_isvc("a"))
        type_, table = await stream.next()
        assert (type_, table["kind"]) == ("ADDED", "Table")
        assert table["rows"][0]["cells"][0] == "a"
        assert table["rows"][0]["object"]["metadata"]["name"] == "a"


async def test_malformed_versions_are_refused(api: Api) -> None:
    status, result = await api.call("GET", f"{ISVCS}?watch=true&resourceVersion=x")
    assert (status, result["reason"]) == (400, "BadRequest")
