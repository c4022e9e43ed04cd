"""`CatalogueService`: what may be asked for and why, for whoever is registered. Nobody's personal data, so nobody is asked about it."""

from collections.abc import Callable, Mapping

from linkage.in_force import InForce
from linkage.rpc.encode_catalogue import encode_entry, encode_record_type, encode_summary
from linkage.rpc.reading import Reading
from linkage.rpc.recognise import Known
from linkage.terms import ServiceId, SourceName
from linkage.v1 import catalogue_pb2 as pb
from linkage.v1 import catalogue_pb2_grpc


class CatalogueService(catalogue_pb2_grpc.CatalogueServiceServicer):
    """Handlers, to be registered behind the door. ``in_force`` gives the version in force; a call asks once.

    ``assumed``: of each source whose own interface is not public, what is assumed of it.
    """

    def __init__(self, in_force: Callable[[], InForce], assumed: Mapping[SourceName, str]) -> None:
        self._in_force = in_force
        self._assumed = assumed

    async def ListServices(self, request: pb.ListServicesRequest, known: Known) -> pb.ListServicesResponse:  # type: ignore[override]  # the door hands a Known where gRPC hands a context
        del request, known
        files = self._in_force()
        services = sorted(files.catalogue.services.values(), key=lambda service: service.id)
        return pb.ListServicesResponse(services=[encode_summary(service, files) for service in services], digest=files.digest)

    async def GetService(self, request: pb.GetServiceRequest, known: Known) -> pb.GetServiceResponse:  # type: ignore[override]  # as above
        del known
        reading = Reading()
        service = ServiceId(reading.identifier("service", request.service))
        reading.done()
        files = self._in_force()
        return pb.GetServiceResponse(entry=encode_entry(files.catalogue.expect_service(service), files), digest=files.digest)

    async def ListRecordTypes(self, request: pb.ListRecordTypesRequest, known: Known) -> pb.ListRecordTypesResponse:  # type: ignore[override]  # as above
        del request, known
        files = self._in_force()
        kinds = sorted(files.catalogue.records.values(), key=lambda kind: kind.type)
        types = [encode_record_type(kind, self._assumed.get(kind.source, "")) for kind in kinds]
        return pb.ListRecordTypesResponse(record_types=types, digest=files.digest)
