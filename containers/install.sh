#!/bin/sh
# Installs cellswap from these sources for programs that run, not for work on it: sh containers/install.sh PREFIX
# makes PREFIX/bin/cellswap and PREFIX/lib/node_modules/cellswap, with the packages of package-lock.json and those
# libraries of ONNX Runtime alone that fit this system.
set -eu
[ $# -eq 1 ] || { echo "usage: sh containers/install.sh PREFIX" >&2; exit 2; }
mkdir -p "$1/bin"
prefix=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."

npm ci --ignore-scripts
npm run build
archive=$(mktemp -d)
npm pack --ignore-scripts --silent --pack-destination "$archive"
package=$prefix/lib/node_modules/cellswap
mkdir -p "$package"
tar -xzf "$archive"/cellswap-*.tgz -C "$package" --strip-components 1 --no-same-owner
rm -r "$archive"

cp package-lock.json .npmrc "$package"
cd "$package"
npm ci --omit=dev --ignore-scripts
rm package-lock.json .npmrc

cd node_modules/onnxruntime-node/bin/napi-v6
size() { du -sm . | cut -f 1; }
before=$(size)
own=$(node -p 'process.platform + "/" + process.arch')
find . -mindepth 2 -maxdepth 2 ! -path "./$own" -exec rm -r {} +
find . -mindepth 1 -maxdepth 1 -empty -delete
[ -d "$own" ] || { echo "ONNX Runtime has no library for $own" >&2; exit 1; }
echo "removed $((before - $(size))) MB of ONNX Runtime for other systems than $own, kept $(size) MB"

ln -sf ../lib/node_modules/cellswap/dist/cli.js "$prefix/bin/cellswap"
"$prefix/bin/cellswap" --version
