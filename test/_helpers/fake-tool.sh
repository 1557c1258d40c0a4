#!/bin/sh
# One program under the names of all that a toolchain has: it prints what the real tools printed, leaves files of the
# names that it was asked for, and stands still where a gate is shut (see fake-tools.ts).
set -eu
tools=${0%/bin/*}

gate() {
  [ -e "$tools/gates/$1.shut" ] || return 0
  : >"$tools/gates/$1.reached"
  while [ -e "$tools/gates/$1.shut" ]; do sleep 0.1; done
}

# Value of `--$1=…` among the rest.
option() {
  wanted=$1
  shift
  for word in "$@"; do
    case $word in --"$wanted"=*) printf '%s' "${word#*=}" ;; esac
  done
}

# $1 step, $2 log: half of the log, the gate, the other half.
work() {
  head -c 8000 "$tools/logs/$2"
  gate "$1"
  tail -c +8001 "$tools/logs/$2"
}

transform() {
  work transform transform.log
  echo 'a graph' >"$(option mlir "$@")"
  cp "$tools/logs/reference" "$(option test_result "$@")"
}

calibrate() {
  work calibrate calibration.log
  while [ "$1" != -o ]; do shift; done
  printf '# op_name    threshold    min    max\nimages 1.0 -1.0 1.0\n' >"$2"
}

deploy() {
  if [ "$(option tolerance "$@")" = 1,1 ]; then # out of reach for a quantised model
    echo 'RuntimeError: [!Error]: npz_tool.py compare model_tpu_outputs.npz model_top_outputs.npz --tolerance 1,1'
    exit 1
  fi
  work deploy deploy.log
  cp "$tools/logs/model" "$(option model "$@")"
}

verify() {
  gate verify
  cp "$tools/logs/model" verify_outputs.npz
  cat "$tools/logs/verified"
}

case "${0##*/} ${1:-} ${2:-}" in
  'python3 -c '*) gate bootstrap ;;
  'python3 - '*) cat >/dev/null && echo 'cvicast-versions: tpu_mlir=1.7 python=3.10.13' ;;
  'python3 -m cvicast_remote.calibrate') calibrate "$@" ;;
  'python3 -m cvicast_remote.verify') verify ;;
  'model_transform.py '*) transform "$@" ;;
  'run_calibration.py '*) calibrate "$@" ;;
  'model_deploy.py '*) deploy "$@" ;;
  *)
    echo "the fake toolchain knows no $0 $*" >&2
    exit 64
    ;;
esac
