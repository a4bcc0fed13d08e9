from kfsim.replicas.backend import LogOptions
from kfsim.simulation.logs import ContainerLog
from kfsim.simulation.loop import run_virtual


async def read(log: ContainerLog, options: LogOptions) -> bytes:
    return b"".join([line async for line in log.read(options)])


def test_runs_are_kept_apart() -> None:
    async def main() -> tuple[bytes, bytes]:
        log = ContainerLog()
        log.begin_run()
        log.write("t1", "one")
        log.begin_run()
        log.write("t2", "two")
        log.write("t3", "three")
        return (
            await read(log, LogOptions(previous=True)),
            await read(log, LogOptions(tail_lines=1, timestamps=True)),
        )

    assert run_virtual(main()) == (b"one\n", b"t3 three\n")


def test_without_a_previous_run_there_is_nothing_to_read() -> None:
    async def main() -> bytes:
        log = ContainerLog()
        log.write("t1", "one")
        return await read(log, LogOptions(previous=True))

    assert run_virtual(main()) == b""


def test_following_ends_with_the_replica() -> None:
    async def main() -> bytes:
        log = ContainerLog()
        log.write("t1", "one")
        log.close()
        return await read(log, LogOptions(follow=True))

    assert run_virtual(main()) == b"one\n"
