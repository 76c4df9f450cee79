#!/usr/bin/env bash
# Makes .venv, installs what the tests need (system packages through apt, once) and runs the whole suite.
# Arguments go to pytest: tools/test.sh -m long
set -euo pipefail
cd "$(dirname "$0")/.."

need=()
for program in ffmpeg ffprobe; do command -v "$program" >/dev/null || need+=("$program"); done
if ((${#need[@]})); then
    as_root=()
    if ((EUID != 0)); then as_root=(sudo); fi
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends ffmpeg
fi

[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install -q --disable-pip-version-check -e '.[test]'
exec .venv/bin/python -m pytest -n auto "$@"
