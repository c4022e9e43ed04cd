"""The gRPC face: everything that knows protobuf, and nothing that decides."""
