#!/usr/bin/env bash
# Runs tests/e2e/vllm.test.ts on a real vLLM that was built for CPUs, and looks from outside that nothing of it stays.
#
#   scripts/e2e-vllm.sh             has `engines install vllm` put one below .cache/vllm (minutes and 7 GB, the first time)
#   ENGINEHOUSE_TEST_VLLM=PROGRAM scripts/e2e-vllm.sh [-t NAME]
#
# What follows goes to vitest. ENGINEHOUSE_VLLM_DIR chooses another directory, which is the state directory that the
# engine is installed into. Everything is written to e2e.log there, and what the engine itself wrote to engine-logs/.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
directory=${ENGINEHOUSE_VLLM_DIR:-$root/.cache/vllm}
log=$directory/e2e.log

say() { echo "e2e-vllm: $*"; }

fail() {
  say "$*" >&2
  exit 1
}

# Prints the path of the program.
install() {
  local answer
  answer=$(cd "$root" && ENGINEHOUSE_STATE_DIR=$directory node --import tsx src/main.ts engines install vllm --json) ||
    fail "$answer"
  node -p 'JSON.parse(process.argv[1]).path' "$answer"
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
      *::EngineCore* | *::Worker* | "$programs"/*) ;;
      *) tr '\0' '\n' 2>/dev/null <"$each/environ" | grep -q '^VLLM_PROCESS_NAME_PREFIX=' || continue ;;
    esac
    echo "${each#/proc/} $command"
  done 2>/dev/null
}

run_lane() {
  local before after left status=0 programs
  # Its scripts name the environment by the folder that it was made in, not by the link to it.
  programs=$(dirname "$(readlink -f "$ENGINEHOUSE_TEST_VLLM")")
  before=$(shared_memory)
  processes >"$directory/processes-before"
  (cd "$root" && npx vitest run tests/e2e/vllm.test.ts "$@") || status=$?
  after=$(shared_memory)
  left=$(comm -13 <(echo "$before") <(echo "$after"))
  if [ -n "$left" ]; then say "left in /dev/shm: $left"; status=1; fi
  left=$(comm -13 <(sort "$directory/processes-before") <(processes | sort))
  if [ -n "$left" ]; then say "left running: $left"; status=1; fi
  return "$status"
}

main() {
  if [ -z "${ENGINEHOUSE_TEST_VLLM:-}" ]; then ENGINEHOUSE_TEST_VLLM=$(install); fi
  export ENGINEHOUSE_TEST_VLLM
  rm -rf "$directory/engine-logs"
  export ENGINEHOUSE_TEST_VLLM_LOGS=$directory/engine-logs
  local version
  version=$("$ENGINEHOUSE_TEST_VLLM" --version) || fail "$ENGINEHOUSE_TEST_VLLM does not run"
  say "$ENGINEHOUSE_TEST_VLLM: $(tail -n 1 <<<"$version")"
  run_lane "$@" && say 'passed, and nothing is left'
}

mkdir -p "$directory"
# Only what ends well counts: the pipe must not hide the exit code of what writes into it.
main "$@" 2>&1 | tee "$log"
