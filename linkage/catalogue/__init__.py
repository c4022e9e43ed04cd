"""NAME: record types and their fields, and the services of the Citizen's Guide."""

from linkage.catalogue.catalogue import Catalogue, read_catalogue
from linkage.catalogue.records import FieldClass, FieldKind, RecordField, RecordKind, load_records
from linkage.catalogue.services import Service

__all__ = ["Catalogue", "FieldClass", "FieldKind", "RecordField", "RecordKind", "Service", "load_records", "read_catalogue"]
