"""X-Road's identifiers: which are any, and how they stand on the wire."""

import pytest

from linkage.sources.rest.xroad.identifiers import CLIENT, PARTY, SERVER, SERVICE, decoded, encoded, parts, provider

EVERY = "AZaz09'()+,-.=?"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("TH/GOV/0994000/office", CLIENT),
        ("TH/GOV/0994000", CLIENT),
        ("TH/GOV/0994000/office/persons-v1", SERVICE),
        ("TH/GOV/0994000/persons-v1", SERVICE),
        ("TH/GOV/0994000/server1", SERVER),
        ("GOV/0994000", PARTY),
        ("0994000", PARTY),
        (f"TH/GOV/{EVERY}/office", CLIENT),
    ],
)
def test_an_identifier_has_its_parts(text: str, kind: tuple[str, int, int]) -> None:
    assert "/".join(parts(text, kind)) == text


WRONG = [
    "", "/", "TH", "TH/GOV", "TH/GOV/1/a/b", "TH//1/a", "/TH/GOV/1", "TH/GOV/1/", "TH/GOV/../a", "TH/GOV/./a", "TH/GOV/.../a",
    "TH/GOV/1/a b", "TH/GOV/1/a_b", "TH/GOV/1/ก", "TH/GOV/1/a%2Fb", "TH/GOV/1/a\\b", "TH/GOV/1/a:b", "TH/GOV/1/a;b", "TH/GOV/1/a@b",
    "TH/GOV/1/a#b", "TH/GOV/1/a\nb", "TH/GOV/1/a\n", "TH/GOV/1/٣", "TH/GOV/1/" + "a" * 81,
]  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_identifier_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="INSTANCE/CLASS/MEMBER/SUBSYSTEM, each part") as raised:
        parts(text, CLIENT)
    assert len(text) < 5 or text not in str(raised.value)


def test_each_part_is_encoded_on_its_own_and_the_slashes_between_them_are_not() -> None:
    assert encoded("TH-TEST/GOV/1/a'(b)+c,d.e=f?") == "TH-TEST/GOV/1/a%27%28b%29%2Bc%2Cd.e%3Df%3F"


def test_a_header_is_read_whether_its_parts_are_encoded_or_not() -> None:
    identifier = f"TH/GOV/{EVERY}/office"
    assert decoded(encoded(identifier)) == identifier
    assert decoded(identifier) == identifier
    assert decoded(f" /{identifier} ") == identifier


def test_a_slash_inside_a_part_is_no_slash_between_parts() -> None:
    assert decoded("TH/GOV/1%2Foffice") is None


def test_the_provider_is_what_a_service_is_registered_under() -> None:
    assert provider("TH/GOV/1/office/persons") == "TH/GOV/1/office"
