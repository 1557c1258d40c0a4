/**
 * The shell scripts behind units: plain POSIX sh with the tools of any Debian or Ubuntu (coreutils, util-linux, awk,
 * grep) and Linux's /proc. They work below `units/<name>/`:
 *
 * - `pid`: number and start time of the leader, boot id, marker, uptime at the start; so a number that was given to
 *   another process, or stems from before a reboot, is never taken for ours.
 * - `output`: what the unit wrote, stdout and stderr together.
 * - `status`: `exit N FROM TO` or `signal NAME FROM TO` (uptime seconds), put in place by a rename when the unit ends.
 */

/** Sets `state` and `born` of process `$1` from /proc; fails when there is none. */
const born = `born() {
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  line=\${line##*) }
  set -- $line
  state=$1 born=\${20}
}`;

/** Reads the pid file, once it is there; leaves \`pid\` empty when the unit cannot be running. */
const readPid = `${born}
waited=0
while [ ! -e "$dir/pid" ] && [ ! -e "$dir/status" ] && [ "$waited" -lt 50 ]; do
  waited=$((waited + 1))
  sleep 0.2
done
pid= since= boot= marker= from=0
[ -e "$dir/pid" ] && read -r pid since boot marker from <"$dir/pid"
read -r thisboot </proc/sys/kernel/random/boot_id
[ "$boot" = "$thisboot" ] || pid=
leads() { [ -n "$pid" ] && born "$pid" && [ "$born" = "$since" ] && [ "$state" != Z ] && [ "$state" != X ]; }`;

/**
 * The unit's leader. `$1` folder, `$2` where to run, `$3` marker, then the command as `env` takes it.
 *
 * The status file's block is taken beforehand and written in place, so that a unit which filled the disk can still say
 * how it ended. A shell tells death by signal N as 128 + N; no program of ours ends with such a status by itself.
 */
export const leader = `trap '' HUP
dir=$1 cwd=$2 marker=$3
shift 3
${born}
finish() {
  read -r to rest </proc/uptime
  printf '%-79s\\n' "$1 $from $to" | dd of="$dir/status.new" conv=notrunc 2>/dev/null
  mv -f "$dir/status.new" "$dir/status"
}
read -r from rest </proc/uptime
read -r boot </proc/sys/kernel/random/boot_id
born $$
printf '%s\\n' "$$ $born $boot $marker $from" >"$dir/pid.new" && mv -f "$dir/pid.new" "$dir/pid" || {
  finish 'exit 125'
  exit
}
(cd -- "$cwd" && CVICAST_UNIT=$marker exec env "$@")
status=$?
name=
[ "$status" -gt 128 ] && name=$(kill -l "$((status - 128))" 2>/dev/null)
if [ -n "$name" ]; then finish "signal $name"; else finish "exit $status"; fi`;

/** Starts a unit unless its folder is there. `$1` folder, `$2` the leader's script, then what the leader takes. */
export const start = `set -u
umask 077
dir=$1 leader=$2
shift 2
mkdir -p -- "\${dir%/*}" || exit 3
if ! mkdir -- "$dir" 2>/dev/null; then
  [ -d "$dir" ] && exit 0
  mkdir -- "$dir"
  exit 3
fi
printf '%-79s\\n' '' >"$dir/status.new" && : >"$dir/output" || {
  rm -rf -- "$dir"
  exit 3
}
setsid sh -c "$leader" cvicast-unit "$dir" "$@" </dev/null >>"$dir/output" 2>&1 &`;

/**
 * Writes the unit's output from byte `$2` on to stdout as it comes, and its status to stderr when it is over. Until
 * then an empty line goes to stderr every few seconds: it tells the reader that we live, and us when nobody reads.
 */
export const follow = `dir=$1 offset=$2
[ -d "$dir" ] || exit 3
${readPid}
beat=0
while :; do
  over=
  { [ -e "$dir/status" ] || ! leads; } && over=1
  size=$(stat -c %s -- "$dir/output") || exit 3
  if [ "$size" -gt "$offset" ]; then
    tail -c "+$((offset + 1))" -- "$dir/output" | head -c "$((size - offset))" || exit 4
    offset=$size
  fi
  [ -n "$over" ] && break
  beat=$((beat + 1))
  [ "$((beat % 10))" -ne 0 ] || echo >&2 || exit 4
  sleep 0.3
done
read -r now rest </proc/uptime
[ -e "$dir/status" ] || echo "lost KILL $from $now" >&2
[ ! -e "$dir/status" ] || cat -- "$dir/status" >&2`;

/**
 * Ends all processes of a unit: those of the leader's session, those that bear its marker in their environment
 * wherever they went, and all that descend from these. First SIGTERM, after \`$2\` tenths of a second SIGKILL; the
 * leader comes last, so that it can still write down how the command ended. Exit status 1: some are still there.
 */
export const stop = `dir=$1 grace=$2
[ -d "$dir" ] || exit 0
${readPid}
[ -n "$marker" ] && [ "$boot" = "$thisboot" ] || exit 0
members() {
  session=$pid
  born "$pid" && [ "$born" != "$since" ] && session=none
  marked=$(grep -lzxF -e "CVICAST_UNIT=$marker" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3 | tr '\\n' ' ')
  awk -v session="$session" -v marked="$marked" 'BEGIN {
    count = split(marked, list, " ")
    for (i = 1; i <= count; i++) wanted[list[i]] = 1
    for (i = 1; i < ARGC; i++) {
      text = ""
      while ((getline line <ARGV[i]) > 0) text = text line " "
      close(ARGV[i])
      split(ARGV[i], path, "/")
      sub(/^.*\\) /, "", text)
      if (split(text, field, " ") < 20 || field[1] == "Z" || field[1] == "X") continue
      parent[path[3]] = field[2]
      if (field[4] == session || path[3] in wanted) member[path[3]] = 1
    }
    do {
      more = 0
      for (p in parent) if (!(p in member) && (parent[p] in member)) { member[p] = 1; more = 1 }
    } while (more)
    for (p in member) print p
  }' /proc/[0-9]*/stat
}
round=0
while :; do
  all=$(members | tr '\\n' ' ')
  [ -n "\${all% }" ] || exit 0
  others=
  for p in $all; do [ "$p" = "$pid" ] || others="$others $p"; done
  [ "$round" -lt "$((grace + 20))" ] || others=$all
  signal=
  [ "$round" -ne 0 ] || signal=TERM
  [ "$round" -lt "$grace" ] || signal=KILL
  if [ -n "$signal" ] && [ -n "$others" ]; then
    kill -s "$signal" $others 2>/dev/null
    # What runs as root in a unit of ours (sudo) only root can end.
    [ "$round" -lt "$((grace + 40))" ] || sudo -n kill -s KILL $others 2>/dev/null
  fi
  round=$((round + 1))
  [ "$round" -lt "$((grace + 150))" ] || { echo "$all"; exit 1; }
  sleep 0.1
done`;
