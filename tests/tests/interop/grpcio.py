"""Calls every shape of the Echo service and prints what came back."""

import sys

import grpc
from e2e import echo_pb2 as pb
from e2e import echo_pb2_grpc
from google.protobuf import any_pb2, empty_pb2

channel = grpc.insecure_channel(sys.argv[1], options=[("grpc.enable_http_proxy", 0)])
echo = echo_pb2_grpc.EchoStub(channel)


def varint(data, at):
    """Reads a varint: its value, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def detail_types(trailers):
    """The type of each detail in a google.rpc.Status, of which grpcio has no class by itself."""
    data = dict(trailers)["grpc-status-details-bin"]
    types, at = [], 0
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at)
        if tag & 7 == 2:
            field, at = data[at : at + value], at + value
            if tag >> 3 == 3:
                types.append(any_pb2.Any.FromString(field).type_url)
    return types


def failure(call):
    """The error a call ends with."""
    try:
        call()
    except grpc.RpcError as error:
        return error
    sys.exit("a call that should fail does not")


reply = echo.Say(pb.EchoRequest(text="hi", number=7, blob=b"\x00\xff"))
print("say:", reply.text, reply.number, reply.blob)
print("nothing:", "ok" if echo.Nothing(empty_pb2.Empty()) == empty_pb2.Empty() else "?")
print("split:", ", ".join(f"{r.text} {r.number}" for r in echo.Split(pb.EchoRequest(text="a b"))))
reply = echo.Join(iter([pb.EchoRequest(text="x"), pb.EchoRequest(text="y")]))
print("join:", reply.text, reply.number)
replies = echo.Chat(iter([pb.EchoRequest(text="one"), pb.EchoRequest(text="two")]))
print("chat:", ", ".join(r.text for r in replies))

detail = any_pb2.Any(type_url="type.googleapis.com/no.such.Type", value=b"\x08\x01")
failing = pb.EchoRequest(text="não agora", fail_with=9, detail=detail)
error = failure(lambda: echo.Say(failing))
print("error:", error.code().name, error.details())
print("details:", ", ".join(detail_types(error.trailing_metadata())))

seen = []
error = failure(lambda: [seen.append(r) for r in echo.Split(pb.EchoRequest(text="a b", fail_with=15))])
print("stream error:", error.code().name, "after", len(seen))

metadata = [("x-echo", "a"), ("x-echo", "b"), ("x-echo-bin", b"\x00\xff")]
_, call = echo.Say.with_call(pb.EchoRequest(), metadata=metadata)
print("headers:", *(f"{k}={v}" for k, v in call.initial_metadata() if k.startswith("x-")))
print("trailers:", *(f"{k}={v}" for k, v in call.trailing_metadata() if k.startswith("x-")))

print("deadline:", failure(lambda: echo.Say(pb.EchoRequest(text="hang"), timeout=0.5)).code().name)
seen = []
error = failure(lambda: [seen.append(r) for r in echo.Split(pb.EchoRequest(text="a hang"), timeout=0.5)])
print("stream deadline:", error.code().name, "after", len(seen))

replies = echo.Split(pb.EchoRequest(text="a hang"))
next(replies)
replies.cancel()
print("cancelled:", replies.cancelled())

unknown = channel.unary_unary("/e2e.Echo/Nope")
print("unknown:", failure(lambda: unknown(b"")).code().name)
print("too large:", failure(lambda: echo.Say(pb.EchoRequest(text="x" * (4 << 20)))).code().name)
