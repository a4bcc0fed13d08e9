"""A small HTTP server, as a custom container brings it: answers with its pid and environment."""

import argparse
import http.server
import json
import os
import signal


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/boom":
            os._exit(7)
        status = 500 if self.path == "/unhealthy" else 200
        body = json.dumps({"pid": os.getpid(), "env": dict(os.environ), "path": self.path}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        print(format % args, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "0")))
    parser.add_argument("--host", default="127.0.0.1")
    given = parser.parse_args()
    # The first process of a container has no default action for signals.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server = http.server.ThreadingHTTPServer((given.host, given.port), Handler)
    print("listening", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
