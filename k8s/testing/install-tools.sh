#!/usr/bin/env bash
# Builds kustomize and kube-score from their sources in the Go module proxy, unless they are there already, for the tests of the manifests.
# The folder is HUB_TEST_TOOLS_DIR, by default ~/.cache/sagahub. Needs Go 1.24 or newer.
set -euo pipefail
folder="${HUB_TEST_TOOLS_DIR:-$HOME/.cache/sagahub}"
PATH="$PATH:/usr/local/go/bin"

build() { # name version module package
  local binary="$folder/$1-$2/$1" sources
  [ -x "$binary" ] && return
  command -v go >/dev/null || { echo "building $1 needs Go (https://go.dev/dl)" >&2; exit 1; }
  mkdir -p "$folder/$1-$2"
  sources="$(cd / && go mod download -json "$3@v$2" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')"
  (cd "$sources" && CGO_ENABLED=0 go build -trimpath -o "$binary.new" "$4")
  mv "$binary.new" "$binary" # complete or not there at all
}
build kustomize 5.8.1 sigs.k8s.io/kustomize/kustomize/v5 .
build kube-score 1.20.0 github.com/zegl/kube-score ./cmd/kube-score
