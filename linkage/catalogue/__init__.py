"""NAME: record types and their fields, and the services of the Citizen's Guide."""

from linkage.catalogue.catalogue import Catalogue, Names, read_catalogue
from linkage.catalogue.records import FieldClass, FieldKind, NamesSubject, RecordField, RecordKind, load_records
from linkage.catalogue.services import Document, Fact, Need, Origin, Service, SourceKind, Step, Sureness, Text

__all__ = [
    "Catalogue",
    "Document",
    "Fact",
    "FieldClass",
    "FieldKind",
    "Names",
    "NamesSubject",
    "Need",
    "Origin",
    "RecordField",
    "RecordKind",
    "Service",
    "SourceKind",
    "Step",
    "Sureness",
    "Text",
    "load_records",
    "read_catalogue",
]
