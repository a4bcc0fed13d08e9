from kfsim.dataplane.answers import make_bad_gateway, make_not_found, make_rejection
from kfsim.flow.ticket import QUEUE_FULL, REQUEST_TIMEOUT


def test_rejections_are_written_as_knative_writes_them():
    assert make_rejection(QUEUE_FULL).text == "pending request queue full\n"
    assert make_rejection(REQUEST_TIMEOUT).text == "request timeout"


def test_long_lists_of_hosts_are_cut():
    answer = make_not_found(b"x", b"/", [f"h{n}.default" for n in range(60)], "http://api")
    assert "h49.default" in answer.text
    assert "and 10 more" in answer.text


def test_without_services_the_answer_says_so():
    assert "no service yet" in make_not_found(b"x", b"/", [], "http://api").text


def test_bad_gateway_names_the_replica():
    assert (
        make_bad_gateway("default/pod-1", "it is gone").text
        == "replica default/pod-1: it is gone\n"
    )
