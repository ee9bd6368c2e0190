# How busy this host is, and how full: usage HOME CACHE. A line each: load 1 5 15, available KIB, home and cache SIZE FREE in KiB.

export LC_ALL=C
exec 2>/dev/null </dev/null

lc_disk() { # NAME DIRECTORY: the nearest one above that is there lies on the same disk
  lc_name=$1 lc_dir=$2
  while [ -n "$lc_dir" ] && [ ! -d "$lc_dir" ]; do lc_dir=${lc_dir%/*}; done
  set -- df -Pk "${lc_dir:-/}"
  # A disk of the network that has gone keeps df waiting.
  if command -v timeout >/dev/null; then set -- timeout 8 "$@"; fi
  # The name of a device may hold blanks.
  "$@" | awk -v name="$lc_name" 'NR > 1 { for (i = 5; i <= NF; i++) if ($i ~ /%$/) { print name, $(i - 3), $(i - 1); exit } }'
}

lc_load=
if [ -r /proc/loadavg ]; then
  read -r lc_load </proc/loadavg
else
  # macOS and the BSDs: { 1.00 2.00 3.00 }
  lc_load=$(sysctl -n vm.loadavg)
  lc_load=${lc_load#"{ "}
fi
[ -z "$lc_load" ] || printf 'load %s\n' "$lc_load"
if [ -r /proc/meminfo ]; then
  while read -r lc_key lc_value _; do
    [ "$lc_key" != MemAvailable: ] || printf 'available %s\n' "$lc_value"
  done </proc/meminfo
fi
lc_disk home "$1"
lc_disk cache "$2"
