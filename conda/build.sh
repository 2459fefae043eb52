#!/bin/bash
set -euo pipefail
# Caches of npm stay in the folder of the build.
npm_config_cache=$SRC_DIR/.npm sh containers/install.sh "$PREFIX"
