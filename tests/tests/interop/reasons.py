"""Asks for typed errors and prints what they are to grpcio: code, message, the ErrorInfo in their details, and how many frames
the DebugInfo tells of."""

import re
import sys

import grpc
from e2e import reasons_pb2 as pb
from e2e import reasons_pb2_grpc
from google.rpc import error_details_pb2, status_pb2


def described(error):
    data = dict(error.trailing_metadata())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(data)
    info, debug = error_details_pb2.ErrorInfo(), error_details_pb2.DebugInfo()
    assert status.details[0].Unpack(info) and status.details[1].Unpack(debug)
    entries = " ".join(f"{key}={value}" for key, value in sorted(info.metadata.items()))
    left_out = [re.match(r"\.\.\. (\d+) frames left out", entry) for entry in debug.stack_entries]
    frames = sum(int(match[1]) if match else 1 for match in left_out)
    return f"{error.code().name} {info.domain} {info.reason} {entries} {frames} frames, {any(left_out)}: {error.details()}"


channel = grpc.insecure_channel(sys.argv[1], options=[("grpc.enable_http_proxy", 0)])
shop = reasons_pb2_grpc.ShopStub(channel)
short, long = pb.Order(fail_with=pb.NOT_A_SIZE), pb.Order(fail_with=pb.NOT_A_SIZE, message="long" * 25600, places=500)
for order in [short, long]:
    for call in [shop.Buy, lambda order: list(shop.Watch(order))]:
        try:
            call(order)
            sys.exit("a call that should fail does not")
        except grpc.RpcError as error:
            print(described(error))
