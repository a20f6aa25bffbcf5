# shellcheck shell=bash
# Steps that run side by side: `spawn TITLE COMMAND... [and-then TITLE COMMAND...]` starts one, or a chain of them, with their output in logs;
# `join` waits for all and stops at a failure; `step` is one alone. Each prints one line when it is done, with its time. A step says
# `already` when it had nothing to do.

job_pids=()

# Ends the steps that still run, with all their children: each chain is a process group of its own.
stop_jobs() {
  local pid
  for pid in ${job_pids[@]+"${job_pids[@]}"}; do
    kill -TERM -- "-$pid" 2>/dev/null || true
  done
}
trap 'stop_jobs; exit 130' INT
trap 'stop_jobs; exit 143' TERM

already() { job_was_done=true; }

run_job() {
  job_title=$1
  job_log=$logs/$(printf '%s' "$1" | tr -c 'A-Za-z0-9' '-').log
  job_was_done=false
  shift
  local started=$SECONDS
  "$@" >"$job_log" 2>&1
  if [[ $job_was_done == true ]]; then
    say "  ok  $job_title: already there"
  else
    say "  ok  $job_title ($(seconds_since "$started"))"
  fi
}

report_failed_job() {
  local code=$?
  [[ $code != 0 ]] || return 0
  say "  FAILED  $job_title; the end of ${job_log#"$repo"/}:"
  tail -n 30 "$job_log" | sed 's/^/    /' >&3
}

run_chain() {
  local job=()
  while [[ $# -gt 0 ]]; do
    job=()
    while [[ $# -gt 0 && $1 != and-then ]]; do
      job+=("$1")
      shift
    done
    [[ $# == 0 ]] || shift
    run_job "${job[@]}"
  done
}

spawn() {
  # A process group of its own, so that an interrupt can reach all that it started.
  set -m
  (
    set +m
    exec 3>&2 </dev/null
    say() { printf '%s\n' "$*" >&3; }
    job_title='' job_log=/dev/null
    trap - INT TERM
    trap report_failed_job EXIT
    run_chain "$@"
  ) &
  job_pids+=($!)
  set +m
}

join() {
  local pid failed=0
  for pid in ${job_pids[@]+"${job_pids[@]}"}; do
    wait "$pid" || failed=1
  done
  job_pids=()
  [[ $failed == 0 ]] || exit 1
}

step() {
  spawn "$@"
  join
}
