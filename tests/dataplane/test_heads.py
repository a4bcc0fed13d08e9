from kfsim.dataplane.heads import chunk, connection_options, nominated_headers


def test_chunk_sizes_are_hexadecimal():
    assert b"".join(chunk(b"x" * 26)) == b"1a\r\n" + b"x" * 26 + b"\r\n"


def test_options_that_concern_the_connection_nominate_nothing():
    options = connection_options(b"Keep-Alive, Host , X-A,Content-Length")
    assert nominated_headers(options) == {b"x-a"}
