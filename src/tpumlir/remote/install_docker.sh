#!/usr/bin/env bash
# Brings Docker, the toolchain's image and a container for one job; then installs the toolchain in that container.
# Everything after `--` goes to install_venv.sh, which runs inside. Lines as there; more codes:
#   docker-missing docker-unavailable docker-refused image-rate-limited image-missing image-unreachable apt-failed
set -uo pipefail

container='' job='' folder='' image='' mirror='' system_packages=no
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  case "$1" in
    --container) container=$2 ;;
    --job) job=$2 ;;
    --folder) folder=$2 ;;
    --image) image=$2 ;;
    --mirror) mirror=$2 ;;
    --system-packages) system_packages=$2 ;;
  esac
  shift 2
done
[ $# -gt 0 ] && shift

say() { printf 'cvicast: %s\n' "$*"; }
fail() {
  code=$1
  shift
  say "$*"
  trap - EXIT
  printf 'cvicast-result: failed %s\n' "$code"
  exit 1
}
trap 'printf "cvicast-result: failed interrupted\n"; exit 1' EXIT
trap 'exit 1' HUP INT TERM
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

[ "$(uname -m)" = x86_64 ] || fail unsupported-machine "the image is for x86-64, and this is $(uname -m)"

# A fresh cloud machine runs its own apt at first boot: dpkg's lock can be waited for, the lock of the lists cannot.
apt() {
  for attempt in 1 2 3 4 5 6 7 8 9 10 11 12; do
    output=$(as_root apt-get -q -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" 2>&1 </dev/null) && return 0
    case "$output" in
      *'Could not get lock'* | *'Unable to lock'* | *'is another process using it'*) say "apt is busy (attempt $attempt): waiting" ;;
      *'No space left'*) printf '%s\n' "$output" | tail -n 5 && fail disk-full 'the disk filled up while apt installed Docker' ;;
      *) [ "$attempt" -ge 3 ] && break ;;
    esac
    sleep 5
  done
  printf '%s\n' "$output" | tail -n 5
  return 1
}
if ! command -v docker >/dev/null; then
  # On a machine that somebody owns the package would stay.
  [ "$system_packages" = yes ] || fail docker-missing 'there is no program docker on PATH'
  command -v apt-get >/dev/null || fail docker-unavailable 'there is no Docker here and no apt-get to install it with'
  as_root true 2>/dev/null || fail docker-unavailable 'there is no Docker here, and installing it needs root (sudo -n does not work)'
  say 'installing docker.io'
  apt update || fail apt-failed 'apt-get update failed'
  apt -y --no-install-recommends install docker.io || fail apt-failed 'docker.io could not be installed'
fi

docker=()
reach() {
  docker info >/dev/null 2>&1 && { docker=(docker); return 0; }
  sudo -n docker info >/dev/null 2>&1 && { docker=(sudo -n docker); return 0; }
  return 1
}
if ! reach; then
  say 'starting the Docker daemon'
  as_root systemctl start docker 2>/dev/null || as_root service docker start >/dev/null 2>&1
  for attempt in $(seq 60); do
    reach && break
    sleep 1
  done
  [ "${#docker[@]}" -gt 0 ] || fail docker-unavailable "the Docker daemon does not answer (asked $attempt times)"
fi
[ "${docker[0]}" = docker ] && say 'docker answers' || say 'docker answers through sudo'
printf 'cvicast-docker: %s\n' "${docker[0]}"

pulled=''
if ! "${docker[@]}" image inspect "$image" >/dev/null 2>&1; then
  from=${mirror:+$mirror/}$image
  trouble=image-unreachable
  for pause in 5 15 30 60 0; do
    say "pulling $from"
    output=$("${docker[@]}" pull -q --platform linux/amd64 "$from" 2>&1 </dev/null) && { trouble=''; break; }
    printf '%s\n' "$output" | tail -n 5
    case "$output" in
      # Pulls are counted over hours: no pause of ours helps. The limit on requests of any kind, which has no such words, passes soon.
      # https://docs.docker.com/docker-hub/usage/pulls/, read 2026-11-29.
      *'pull rate limit'*) trouble=image-rate-limited && break ;;
      *toomanyrequests* | *'429 Too Many'*) trouble=image-rate-limited ;;
      *'manifest unknown'* | *'access denied'* | *'repository does not exist'* | *': not found'*) trouble=image-missing && break ;;
      *'no space left'*) trouble=disk-full && break ;;
      *) trouble=image-unreachable ;;
    esac
    sleep "$pause"
  done
  [ -z "$trouble" ] || fail "$trouble" "$from could not be pulled"
  [ -z "$mirror" ] || "${docker[@]}" tag "$from" "$image"
  pulled=$from${mirror:+ $image}
fi

if [ "$("${docker[@]}" inspect -f '{{.State.Running}}' "$container" 2>/dev/null)" != true ]; then
  "${docker[@]}" rm -f "$container" >/dev/null 2>&1
  # As the user whose folder it is: what the tools write there must stay that user's to delete. On the machine's own
  # network: proxies on loopback answer there, and packets have the size that the cloud's network takes.
  # The second label tells whoever removes the container which images came with it.
  output=$("${docker[@]}" run -d --pull never --name "$container" --label "cvicast-job=$job" --label "cvicast-pulled=$pulled" \
    --user "$(id -u):$(id -g)" --network host \
    --env "HOME=$folder" --volume "$folder:$folder" --workdir "$folder" --entrypoint sleep "$image" infinity 2>&1) || {
    printf '%s\n' "$output" | tail -n 5
    fail docker-refused "no container could be started from $image"
  }
fi
say "container $container runs"
trap - EXIT
# Its last line is ours.
exec "${docker[@]}" exec --user 0 "$container" bash "$folder/remote/install_venv.sh" "$@"
