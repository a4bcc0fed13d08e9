"""Calls the service shout through the gateway: `python call.py METHOD TEXT`.

A gRPC client names the service by its authority, as curl does by the Host header.
"""

import os
import sys

import grpc

gateway = os.environ["KSERVE_INGRESS_HOST_PORT"]
authority = ("grpc.default_authority", "shout.default.example.com")
method, text = sys.argv[1], sys.argv[2].encode()
with grpc.insecure_channel(gateway, options=[authority]) as channel:
    call = channel.unary_stream(f"/demo.Shout/{method}")
    try:
        for message in call(text, timeout=30):
            print(message.decode())
    except grpc.RpcError as error:
        print(f"{error.code().name}: {error.details().splitlines()[0]}")
