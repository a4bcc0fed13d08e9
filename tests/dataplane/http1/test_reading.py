from kfsim.dataplane.http1.reading import ReadingSwitch, Reason


class Transport:
    def __init__(self):
        self.calls = []

    def is_closing(self):
        return False

    def pause_reading(self):
        self.calls.append("pause")

    def resume_reading(self):
        self.calls.append("resume")


def test_reading_resumes_when_the_last_reason_has_gone():
    transport = Transport()
    switch = ReadingSwitch(transport)
    switch.stop(Reason.REQUEST)
    switch.stop(Reason.BACKLOG)
    switch.go(Reason.REQUEST)
    assert switch.paused
    switch.go(Reason.BACKLOG)
    switch.go(Reason.BACKLOG)
    assert transport.calls == ["pause", "resume"]
