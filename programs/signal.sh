# Signals the group of a process that `spawn` started. Words: SIGNAL PID START. Says `sent`, or `gone` when nobody is there.

# Sets lc_start and lc_group of a process; fails when there is none.
lc_look() {
  lc_text=
  # The name may hold anything, newlines too: what counts stands behind its last parenthesis.
  { while IFS= read -r lc_part; do lc_text=$lc_text$lc_part; done <"/proc/$1/stat"; } 2>/dev/null
  [ -n "$lc_text" ] || return 1
  # shellcheck disable=SC2086
  set -- ${lc_text##*) }
  lc_group=$3 lc_start=${20}
}

lc_tell() { if kill "-$lc_signal" "$1" 2>/dev/null; then lc_said=sent; fi; }

lc_signal=$1 lc_said=gone
case $2 in '' | 0 | 1 | *[!0-9]*) exit 2 ;; esac
if [ ! -r /proc/self/stat ]; then
  lc_tell "-$2"
  [ "$lc_said" = sent ] || lc_tell "$2"
elif ! lc_look "$2"; then
  # As long as its group has members, nobody else gets the number.
  lc_tell "-$2"
elif [ "$lc_start" != "$3" ]; then
  # Its number is another's now.
  true
elif [ "$lc_group" = "$2" ]; then
  lc_tell "-$2"
else
  # The leader of the group is the shell that waits for the status, as over OpenSSH's client: that must outlive it.
  lc_ours=$lc_group
  for lc_file in /proc/[0-9]*; do
    lc_pid=${lc_file#/proc/}
    if [ "$lc_pid" != "$lc_ours" ] && lc_look "$lc_pid" && [ "$lc_group" = "$lc_ours" ]; then lc_tell "$lc_pid"; fi
  done
fi
echo "$lc_said"
