"""Asks for a typed error and prints what it is to grpcio: code, message, and the ErrorInfo in its details."""

import sys

import grpc
from e2e import reasons_pb2 as pb
from e2e import reasons_pb2_grpc
from google.rpc import error_details_pb2, status_pb2

channel = grpc.insecure_channel(sys.argv[1], options=[("grpc.enable_http_proxy", 0)])
shop = reasons_pb2_grpc.ShopStub(channel)
for call in [shop.Buy, lambda order: list(shop.Watch(order))]:
    try:
        call(pb.Order(fail_with=pb.NOT_A_SIZE))
        sys.exit("a call that should fail does not")
    except grpc.RpcError as error:
        data = dict(error.trailing_metadata())["grpc-status-details-bin"]
        status = status_pb2.Status.FromString(data)
        info = error_details_pb2.ErrorInfo()
        assert status.details[0].Unpack(info)
        entries = " ".join(f"{key}={value}" for key, value in sorted(info.metadata.items()))
        print(error.code().name, error.details(), info.domain, info.reason, entries)
