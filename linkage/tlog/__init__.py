"""PROVE: the access log's formats (RFC 6962 tree, C2SP notes and proofs), pure functions from bytes to bytes."""
