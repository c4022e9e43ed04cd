"""The channel to a gateway: mutual TLS, keepalive, and the service config that we publish for counters in every language.

`service_config.json` may be copied as it stands. Only calls that carry a client request id, or change nothing, are tried again;
a login is not. The gateway says how long to wait (`grpc-retry-pushback-ms`), or that trying again at once does not help (-1).
"""

from importlib.resources import files
from pathlib import Path

import grpc

from linkage.errors import Problem, SettingsInvalid

SERVICE_CONFIG = files("linkage.client").joinpath("service_config.json").read_text(encoding="utf-8")

OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.service_config", SERVICE_CONFIG),
    ("grpc.service_config_disable_resolution", 1),  # a DNS answer must not change how a counter tries again
    ("grpc.keepalive_time_ms", 60_000),  # routers between an office and a data centre forget silent connections
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", 8 * 2**20),
)
"""What every channel to a gateway should be opened with."""


def open_channel(target: str, ca: Path, cert: Path, key: Path) -> grpc.Channel:
    """Open a channel; it connects at the first call.

    Args:
        target: host:port; the host must be a name or address of the gateway's certificate.
        ca: what the gateway's certificate must chain to, PEM.
        cert: the counter's own certificate, PEM.
        key: its private key, PEM.

    Raises:
        SettingsInvalid: a file cannot be read.
    """
    root, chain, private = (_read(path) for path in (ca, cert, key))
    credentials = grpc.ssl_channel_credentials(root_certificates=root, private_key=private, certificate_chain=chain)
    return grpc.secure_channel(target, credentials, options=OPTIONS)


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as failure:
        raise SettingsInvalid((Problem(str(path), "file", failure.strerror or "unreadable", "a readable PEM file"),)) from failure
    if b"-----BEGIN" not in content:  # gRPC itself would only say "UNAVAILABLE", at the first call
        raise SettingsInvalid((Problem(str(path), "file", "something else", "a PEM file"),))
    return content
