# Who a process is, and which machine this is. programs/ledgers.sh begins with this part, too.
# shellcheck shell=sh

# The start time of a process and its parent, as lc_start and lc_parent; fails when there is none, or only a zombie.
lc_look() {
  lc_start=0 lc_parent=
  # To kill, 0 is the group of the shell itself.
  [ "${1:-0}" != 0 ] || return 1
  if [ ! -r /proc/self/stat ]; then kill -0 "$1" 2>/dev/null; return; fi
  lc_text=
  # The name may hold anything, newlines too: what counts stands behind its last parenthesis.
  { while IFS= read -r lc_part; do lc_text=$lc_text$lc_part; done <"/proc/$1/stat"; } 2>/dev/null
  [ -n "$lc_text" ] || return 1
  # shellcheck disable=SC2086
  set -- ${lc_text##*) }
  # shellcheck disable=SC2034
  lc_start=${20} lc_parent=$2
  [ "$1" != Z ]
}

# Whether PID is still the process that started at START.
lc_same() { lc_look "$1" && [ "$lc_start" = "$2" ]; }

# The boot, the machine and the namespace of process numbers, as lc_boot_id, lc_here and lc_numbers; empty for what is not known.
lc_machine() {
  lc_boot_id='' lc_here=''
  { IFS= read -r lc_boot_id </proc/sys/kernel/random/boot_id; } 2>/dev/null
  { IFS= read -r lc_here </etc/machine-id; } 2>/dev/null
  { IFS= read -r lc_part </proc/sys/kernel/hostname && lc_here="$lc_here $lc_part"; } 2>/dev/null
  lc_numbers=$(readlink /proc/self/ns/pid 2>/dev/null)
}
