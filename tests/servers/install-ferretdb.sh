#!/usr/bin/env bash
# Builds FerretDB 1.24.0, a server that speaks MongoDB's protocol, from its sources in the Go module proxy, unless it is there already.
# Prints the path of the binary. The folder is HUB_TEST_TOOLS_DIR, by default ~/.cache/sagahub. Needs Go 1.22 or newer.
set -euo pipefail
version=1.24.0
folder="${HUB_TEST_TOOLS_DIR:-$HOME/.cache/sagahub}/ferretdb-$version"
binary="$folder/ferretdb"
if [ ! -x "$binary" ]; then
  PATH="$PATH:/usr/local/go/bin"
  command -v go >/dev/null || { echo "building FerretDB needs Go (https://go.dev/dl)" >&2; exit 1; }
  mkdir -p "$folder"
  work="$(mktemp -d "$folder/build.XXXXXX")"
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  # Not `go install module@version`: that asks for the list of all versions, and the sources lack the generated file with their version,
  # without which the program refuses to start.
  sources="$(go mod download -json "github.com/FerretDB/FerretDB@v$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')"
  cp -r "$sources" sources
  chmod -R u+w sources
  echo "v$version" >sources/build/version/version.txt
  (cd sources && CGO_ENABLED=0 go build -trimpath -o "$work/ferretdb" ./cmd/ferretdb)
  mv "$work/ferretdb" "$binary" # complete or not there at all
fi
echo "$binary"
