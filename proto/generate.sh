#!/bin/sh
# Writes linkage/v1 from proto/ (run by `make proto`; `make check` proves it current). $1: folder to write into, default the repository.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-$here}
python=${PYTHON:-$here/.venv/bin/python}
google=$("$python" -c 'import google.type, pathlib; print(pathlib.Path(list(google.type.__path__)[0]).parent.parent)')
bin=$(dirname "$python")
cd "$here/proto"
"$python" -m grpc_tools.protoc -I . -I "$google" \
  --plugin=protoc-gen-mypy="$bin/protoc-gen-mypy" --plugin=protoc-gen-mypy_grpc="$bin/protoc-gen-mypy_grpc" \
  --python_out="$out" --grpc_python_out="$out" --mypy_out="$out" --mypy_grpc_out="$out" linkage/v1/*.proto
