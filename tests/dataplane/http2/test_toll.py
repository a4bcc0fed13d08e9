from kfsim.dataplane.http2.toll import Toll
from kfsim.testing.clock import FakeClock


def test_so_many_in_an_interval():
    clock = FakeClock()
    toll = Toll(3, 10.0, clock)
    assert [toll.pay() for _ in range(4)] == [True, True, True, False]
    clock.advance(9.9)
    assert not toll.pay()
    clock.advance(0.2)
    assert [toll.pay() for _ in range(4)] == [True, True, True, False]
