#!/usr/bin/env bash
# Installs one version of the TPU-MLIR toolchain into --folder: a venv by uv on CPython, never half-installed.
#
# It is built beside (`<folder>.part-<pid>`), tried out by running it, and renamed into place under a lock. A second run
# answers at once. Lines that begin with `cvicast:` are for people; the last line is for the program:
#   cvicast-result: ready            or            cvicast-result: failed <code>
# Codes: unsupported-machine folder-denied folder-taken disk-full lock-timeout python-missing uv-missing pip-unreachable
#        pip-refused toolchain-broken interrupted
set -uo pipefail

folder='' key='' python='' glibc='' needed_kib=0 cache='' environment='' system_packages=no
pins=() overrides=() search=()
while [ $# -gt 0 ]; do
  case "$1" in
    --folder) folder=$2 ;;
    --key) key=$2 ;;
    --python) python=$2 ;;
    --bundled-glibc) glibc=$2 ;;
    --needed-kib) needed_kib=$2 ;;
    --pin) pins+=("$2") ;;
    --override) overrides+=("$2") ;;
    --cache) cache=$2 ;;
    --search) search+=("$2") ;;
    --environment) environment=$2 ;;
    --system-packages) system_packages=$2 ;;
  esac
  shift 2
done

say() { printf 'cvicast: %s\n' "$*"; }
finish() {
  trap - EXIT
  [ -n "${part:-}" ] && rm -rf -- "$part" "$part.cache" "$part.uv"
  printf 'cvicast-result: %s\n' "$1"
  exit "$2"
}
fail() {
  code=$1
  shift
  say "$*"
  finish "failed $code" 1
}
ready() {
  "$folder/bin/python3" - <<'PYTHON'
from importlib.metadata import distributions
seen = {(d.metadata["Name"] or "").lower().replace("-", "_"): d.version for d in distributions()}
kept = [n for n in ("tpu_mlir", "onnx", "onnxruntime", "onnxsim", "numpy", "protobuf", "opencv_python_headless") if n in seen]
import platform
print("cvicast-versions:", *[f"{n}={seen[n]}" for n in kept], f"python={platform.python_version()}")
PYTHON
  finish ready 0
}
# Answers whether the folder holds this very toolchain and its Python still runs.
is_ready() { [ "$(cat "$folder/cvicast-toolchain" 2>/dev/null)" = "$key" ] && "$folder/bin/python3" -c '' 2>/dev/null; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

trap 'finish "failed interrupted" 1' EXIT
trap 'exit 1' HUP INT TERM

# The network settings of the caller (proxies, indexes, certificates): a file, for they may hold passwords.
if [ -n "$environment" ] && [ -f "$environment" ]; then
  while IFS= read -r -d '' line; do export "${line?}"; done <"$environment"
fi
# A machine on the user's own computer has a scratch home; settings of pip and uv are in the real one.
home=$(getent passwd "$(id -u)" | cut -d: -f6)
[ -d "$home" ] && export HOME=$home
for place in "${search[@]+"${search[@]}"}" "$HOME/.local/bin" "$HOME/.cargo/bin"; do PATH="$PATH:$place"; done
export PATH LC_ALL=C
unset VIRTUAL_ENV PYTHONPATH PYTHONHOME CONDA_PREFIX UV_PYTHON

[ "$(uname -s) $(uname -m)" = 'Linux x86_64' ] ||
  fail unsupported-machine "TPU-MLIR runs on x86-64 Linux, and this is $(uname -s) $(uname -m)"
is_ready && { say 'toolchain is there'; ready; }

parent=$(dirname -- "$folder")
if ! mkdir -p -- "$parent" 2>/dev/null || [ ! -w "$parent" ]; then
  as_root install -d -m 0755 -o "$(id -un)" -- "$parent" 2>/dev/null
  [ -w "$parent" ] || fail folder-denied "$parent cannot be written"
fi

# One install at a time; the kernel lets go of the lock when its holder dies.
exec 9>"$folder.lock" || fail folder-denied "$folder.lock cannot be written"
flock -n 9 || { say 'another install is under way: waiting for it'; flock -w 1800 9 || fail lock-timeout 'it took more than 30 minutes'; }
is_ready && { say 'toolchain is there'; ready; }
rm -rf -- "$folder".part-*
if [ -e "$folder" ]; then
  if [ -f "$folder/cvicast-toolchain" ]; then
    say 'what is there does not run any more: installing anew'
    rm -rf -- "$folder"
  elif ! rmdir -- "$folder" 2>/dev/null; then
    fail folder-taken "$folder holds something that cvicast did not make"
  fi
fi
read -r _ _ _ free_kib _ < <(df -Pk -- "$parent" | tail -n 1)
[ "$free_kib" -ge "$needed_kib" ] ||
  fail disk-full "$((free_kib / 1024)) MiB are free in $parent, $((needed_kib / 1024)) MiB are needed"
part=$folder.part-$$
export UV_CACHE_DIR=${cache:-$part.cache} UV_NO_PROGRESS=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
# pip's own cache lies in the user's home and would stay there.
export PIP_NO_CACHE_DIR=1
# uv reads its own variables only: what the user told pip holds for it too.
[ -n "${PIP_INDEX_URL:-}" ] && export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}
[ -n "${PIP_CERT:-}" ] && export SSL_CERT_FILE=${SSL_CERT_FILE:-$PIP_CERT}

# Runs a program that talks to a package index; tells the kinds of failure apart by what it said.
online() {
  output=$("$@" 2>&1 </dev/null)
  status=$?
  printf '%s\n' "$output"
  [ $status -eq 0 ] && return 0
  case "$output" in
    *'No space left on device'* | *'os error 28'* | *'Errno 28'*) fail disk-full 'the disk filled up during the install' ;;
    *'error sending request'* | *'dns error'* | *'Failed to fetch'* | *'Temporary failure in name'* | *'Connection refused'* | *'timed out'* | *'NewConnectionError'* | *'certificate'* | *'ProxyError'* | *'Could not fetch URL'*) trouble=pip-unreachable ;;
    *) trouble=pip-refused ;;
  esac
  return $status
}

fits() {
  "$1" -c '
import platform, struct, sys
want = tuple(int(part) for part in sys.argv[1].split("."))
same = sys.version_info[:2] == want and platform.python_implementation() == "CPython"
sys.exit(0 if same and struct.calcsize("P") == 8 and platform.libc_ver()[0] == "glibc" else 1)' "$python" >/dev/null 2>&1
}
find_python() {
  while IFS= read -r candidate; do
    # A pyenv shim is on PATH also when its version is not the chosen one, and then fails: only running it tells.
    [ -x "$candidate" ] && fits "$candidate" && { found=$candidate; return 0; }
  done < <(
    type -ap "python$python" python3
    for root in "${PYENV_ROOT:-$HOME/.pyenv}" "$HOME/.pyenv"; do printf '%s\n' "$root/versions/$python"*"/bin/python$python"; done
    printf '%s\n' "$HOME/.local/share/uv/python/cpython-$python"*"/bin/python$python" "$parent/python/cpython-$python"*"/bin/python$python"
  )
  return 1
}
apt_install() {
  [ "$system_packages" = yes ] && command -v apt-get >/dev/null && as_root true 2>/dev/null || return 1
  say "installing $* with apt"
  wait=(-o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
  as_root env DEBIAN_FRONTEND=noninteractive apt-get "${wait[@]}" -q update </dev/null >/dev/null 2>&1
  as_root env DEBIAN_FRONTEND=noninteractive apt-get "${wait[@]}" -q -y --no-install-recommends install "$@" </dev/null 2>&1 | tail -n 3
  return "${PIPESTATUS[0]}"
}
find_uv() {
  while IFS= read -r candidate; do
    "$candidate" --version >/dev/null 2>&1 && { uv=$candidate; return 0; }
  done < <(type -ap uv)
  say 'getting uv'
  while IFS= read -r maker; do
    # uv is a binary in a wheel: any Python's pip can bring it.
    if "$maker" -m venv "$part.uv" >/dev/null 2>&1; then
      online "$part.uv/bin/python" -m pip install -q uv && { uv=$part.uv/bin/uv; return 0; }
      return 1
    elif "$maker" -m pip --version >/dev/null 2>&1; then
      online "$maker" -m pip install -q --target "$part.uv" uv && { uv=$part.uv/bin/uv; return 0; }
      return 1
    fi
    rm -rf -- "$part.uv"
  done < <(printf '%s\n' "${found:-}"; type -ap python3 python3.13 python3.12 python3.11 python3.10)
  return 1
}
uv_or_fail() {
  trouble=uv-missing
  find_uv && return
  [ "$trouble" = uv-missing ] && apt_install "python3-venv" && find_uv && return
  fail "$trouble" 'uv is not on PATH and could not be installed with pip'
}

found='' uv=''
if ! find_python; then
  apt_install "python$python" "python$python-venv" && find_python
fi
uv_or_fail
if [ -z "$found" ]; then
  say "no CPython $python here: asking uv for one"
  UV_HTTP_TIMEOUT=30 UV_PYTHON_INSTALL_DIR=$parent/python "$uv" python install --no-bin "$python" </dev/null 2>&1 ||
    UV_HTTP_TIMEOUT=30 UV_PYTHON_INSTALL_DIR=$parent/python "$uv" python install "$python" </dev/null 2>&1 | tail -n 3
  find_python || fail python-missing "no CPython $python on PATH, none in ~/.pyenv/versions, and uv could not download one"
fi
say "Python: $found"

"$uv" venv --quiet --relocatable --python "$found" "$part" </dev/null 2>&1 || fail toolchain-broken 'uv could not make the venv'
printf '%s\n' "${overrides[@]+"${overrides[@]}"}" >"$part/overrides.txt"
say "installing ${pins[0]}"
trouble=pip-refused
UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-120} online "$uv" pip install --python "$part/bin/python3" --no-build --override "$part/overrides.txt" "${pins[@]}" ||
  fail "$trouble" 'the packages could not be installed'

# The wheel bundles a glibc; where the system's is newer, programs that load both die ("stack smashing detected",
# "version GLIBC_2.36 not found").
repair() {
  say "moving the bundled glibc $glibc aside"
  mkdir -p "$part/glibc-aside"
  for name in libc.so.6 libm.so.6 libpthread.so.0 libstdc++.so.6 libgcc_s.so.1; do
    mv -- "$part/lib/python$python/site-packages/tpu_mlir/lib/third_party/$name" "$part/glibc-aside/" 2>/dev/null
  done
}
smoke() {
  output=$(cd "$part" && env -i HOME="$HOME" PATH="$part/bin:/usr/local/bin:/usr/bin:/bin" LC_ALL=C.UTF-8 bash -c '
    model_transform.py --help | grep -q -- --model_def || { echo "model_transform.py --help failed"; exit 1; }
    model_tool 2>&1 | grep -q -- --info || { echo "model_tool failed"; exit 1; }
    python3 -c "
import subprocess, tpu_mlir
subprocess.run([\"tpuc-opt\", \"--version\"], check=True, stdout=subprocess.DEVNULL)
subprocess.run([\"python3\", \"-c\", \"import pymlir, pyruntime_cvi, onnx, onnxruntime, onnxsim, cv2, scipy\"], check=True)
"' 2>&1 </dev/null)
}
read -r _ system_glibc < <(getconf GNU_LIBC_VERSION 2>/dev/null)
repaired=no
if [ "$system_glibc" != "$glibc" ] && [ "$(printf '%s\n' "$system_glibc" "$glibc" | sort -V | tail -n 1)" = "$system_glibc" ]; then
  repair
  repaired=yes
fi
say 'trying it out'
if ! smoke; then
  [ $repaired = no ] && repair && smoke || { printf '%s\n' "$output"; fail toolchain-broken 'the installed tools do not run here'; }
fi
printf '%s' "$key" >"$part/cvicast-toolchain"
mv -T -- "$part" "$folder" || fail folder-denied "$folder cannot be made"
"$folder/bin/python3" -c 'import tpu_mlir' || fail toolchain-broken 'the tools do not run from their final place'
say 'toolchain installed'
ready
