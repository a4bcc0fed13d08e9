"""The reference for a proxy in Python: aiohttp on both sides, bodies streamed both ways.

`python bench/references/aiohttp_proxy.py UPSTREAM` prints its port on the first line.
"""

import asyncio
import sys
import uuid

import uvloop
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDict

_HOP = ("Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding",
        "Upgrade")  # fmt: skip


def forwarded(request: web.Request) -> CIMultiDict[str]:
    headers = without_hop_headers(request.headers)
    headers["X-Forwarded-For"] = request.remote or ""
    headers["X-Forwarded-Proto"] = "http"
    headers["X-Request-Id"] = uuid.uuid4().hex
    return headers


def without_hop_headers(headers) -> CIMultiDict[str]:
    kept = CIMultiDict(headers)
    for name in _HOP:
        kept.popall(name, None)
    return kept


async def main() -> None:
    upstream = f"http://127.0.0.1:{sys.argv[1]}"
    session = ClientSession(
        connector=TCPConnector(limit=0),
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Content-Type", "Accept", "Accept-Encoding"),
    )

    async def handle(request: web.Request) -> web.StreamResponse:
        async with session.request(
            request.method,
            upstream + request.raw_path,
            headers=forwarded(request),
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(
                status=answer.status, headers=without_hop_headers(answer.headers)
            )
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
