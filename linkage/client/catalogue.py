"""The catalogue as counter software reads it: once when it starts, and again when a digest changes."""

from collections.abc import Callable
from typing import Any

import grpc

from linkage.v1 import catalogue_pb2 as catalogue
from linkage.v1 import catalogue_pb2_grpc


class CatalogueReader:
    """The calls of `CatalogueService`. ``call`` sends a request over the connection it belongs to.

    Raises (every method): `linkage.client.Refused`.
    """

    def __init__(self, channel: grpc.Channel, call: Callable[..., Any]) -> None:
        self._stub = catalogue_pb2_grpc.CatalogueServiceStub(channel)
        self._call = call

    def services(self) -> list[catalogue.ServiceSummary]:
        """Every service, without steps and documents, in the order of their ids."""
        reply: catalogue.ListServicesResponse = self._call(self._stub.ListServices, catalogue.ListServicesRequest())
        return list(reply.services)

    def service(self, service: str) -> catalogue.GuideEntry:
        """One service with everything the Citizen's Guide says of it."""
        reply: catalogue.GetServiceResponse = self._call(self._stub.GetService, catalogue.GetServiceRequest(service=service))
        return reply.entry

    def record_types(self) -> list[catalogue.RecordType]:
        """Every record type of a connected agency, with its fields, in the order of their names."""
        reply: catalogue.ListRecordTypesResponse = self._call(self._stub.ListRecordTypes, catalogue.ListRecordTypesRequest())
        return list(reply.record_types)
