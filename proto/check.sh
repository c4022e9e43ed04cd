#!/bin/sh
# Proves that linkage/v1 is what proto/ generates, that the contract reads well (buf lint), and that it breaks nobody (buf breaking
# against proto/published.binpb). Works on protoc's image, so that no foreign .proto is copied here. `check.sh publish` renews the image.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$here/.venv/bin/python}
case $python in /*) ;; *) python=$PWD/$python ;; esac
export PYTHON=$python
bin=$(dirname "$python")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
google=$("$python" -c 'import google.type, pathlib; print(pathlib.Path(list(google.type.__path__)[0]).parent.parent)')
cd "$here/proto"
"$python" -m grpc_tools.protoc -I . -I "$google" --include_imports --include_source_info -o "$scratch/image.binpb" linkage/v1/*.proto
if [ "${1:-}" = publish ]; then
  "$python" -m grpc_tools.protoc -I . -I "$google" --include_imports -o published.binpb linkage/v1/*.proto
  exit 0
fi
config='{"version":"v2","lint":{"use":["STANDARD","COMMENTS"],"ignore":["google"]},"breaking":{"use":["FILE"],"ignore":["google"]}}'
"$bin/buf" lint "$scratch/image.binpb" --config "$config"
"$bin/buf" breaking "$scratch/image.binpb" --against published.binpb --config "$config"
mkdir "$scratch/out"
sh generate.sh "$scratch/out" 2>/dev/null
for file in "$scratch"/out/linkage/v1/*; do
  cmp -s "$file" "$here/linkage/v1/$(basename "$file")" || { echo "linkage/v1/$(basename "$file") is not what proto/ generates: run make proto"; exit 1; }
done
