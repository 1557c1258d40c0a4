#!/bin/sh
# Stands before a program of the real toolchain: waits where a gate is shut (see fake-tools.ts), then runs it.
set -eu
tools=${0%/bin/*}

gate() {
  [ -e "$tools/gates/$1.shut" ] || return 0
  : >"$tools/gates/$1.reached"
  while [ -e "$tools/gates/$1.shut" ]; do sleep 0.1; done
}

case "${0##*/} ${1:-} ${2:-}" in
  'python3 -m cvicast_remote.calibrate') gate calibrate ;;
  'python3 -m cvicast_remote.verify') gate verify ;;
  'model_transform.py '*) gate transform ;;
  'model_deploy.py '*) gate deploy ;;
esac
exec "$tools/bin/real-${0##*/}" "$@"
