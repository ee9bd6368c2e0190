# The ground that all roles of the guardian stand on: what is set at the start, the state directory, the identity of a
# process. The protocol is src/services/GuardianProtocol.ts.
#
# The guardian is one source with three roles: the talker on the channel; the watchdog, which counts the lease in a
# session of its own; and one wrapper for each started process. The talker comes over the channel, the others from the
# state directory. src/internal/programs.ts joins the parts in the order of their numbers.
#
# It needs POSIX sh and utilities, and uses setsid, mktemp, timeout, /proc where there are any.
#
# The state directory, $lc_state, is $lc_base/$lc_id:
#   guardian                      this source
#   boot                          the boot id, the machine, the namespace of process numbers, a line each
#   directory                     `temporary PATH` or `kept PATH`
#   environment                   what the line of setup has left in the environment, as `export` lines
#   beat                          TALKER COUNT LEASE, written over at each beat
#   watchdog                      PID START
#   links                         KIND PID START: the connections, and what belongs to them
#   events                        what the manager hears, a line each
#   sessions, wrappers            PID START of those who lead a session
#   closed                        PID START of those whose session has ended
#   tidying                       PID START of wrappers whose process has ended
#   ending/                       whoever makes it may end the runtime or take it over, nobody else
#   NAME.run .pid .wrap           a started process: its words until they are read, itself, its wrapper
#   NAME.out .err                 its output
#   NAME.hole-out .hole-err       how many bytes at its beginning were dropped
#   cap                           how many bytes of an output are kept
#   log                           standard error of the guardian
# START is the time at which a process started, 0 where there is no /proc: its number may come again as another's.
#
# lc_boot, this source, is set by the boot: src/internal/shipping.ts.
# shellcheck shell=sh disable=SC2016,SC2154

lc_umask=$(umask)
umask 077
# One guardian inside the runtime of another has a lease of its own.
[ "${lc_role:-talk}" = wrap ] || unset LAZYCLUSTER_LEASE
unset CDPATH
lc_nl='
'
lc_tab=$(printf '\t')
# Of each output, so many bytes are kept, unless `cap` says otherwise.
lc_cap=16777216
# Sets lc_stat to the start time of the shell that evaluates it, which that of the program that it becomes is, too.
lc_stamp='lc_stat=0
if [ -r "/proc/$$/stat" ]; then
  IFS= read -r lc_stat <"/proc/$$/stat"
  lc_field=0
  for lc_word in ${lc_stat##*) }; do
    lc_field=$((lc_field + 1))
    if [ "$lc_field" = 20 ]; then lc_stat=$lc_word; break; fi
  done
fi
'
# Reads what the line of setup has left, in whatever shell starts something.
lc_load='if [ -r "$lc_state/environment" ]; then . "$lc_state/environment"; fi'
# Runs this source in another role: ROLE STATE [NAME].
lc_again='lc_role=$1; lc_state=$2; lc_name=$3; eval "$(cat "$2/guardian")"'

lc_lines() { # LETTER FILE: its lines with a letter in front
  { while read -r lc_a lc_b _; do printf '%s %s %s\n' "$1" "$lc_a" "$lc_b"; done <"$2"; } 2>/dev/null
}

# Waits a little, less at first; lc_time counts hundredths of a second.
lc_nap() {
  if [ "$lc_time" -lt 15 ]; then lc_for=0.03 lc_step=3; else lc_for=0.1 lc_step=10; fi
  sleep "$lc_for" 2>/dev/null || { sleep 1; lc_step=100; }
  lc_time=$((lc_time + lc_step))
}

lc_remove() { # a directory, also one with read-only directories in it
  rm -rf -- "$1" 2>/dev/null
  if [ -e "$1" ]; then
    chmod -R u+rwx -- "$1" 2>/dev/null
    rm -rf -- "$1" 2>/dev/null
  fi
  [ ! -e "$1" ]
}

# A beat writes over the old one in place: that needs no room on a full disk.
lc_renew() {
  lc_beats=$((${lc_beats:-0} + 1))
  [ -n "${lc_lease:-}" ] || return 0
  { printf '%-60s\n' "$$ $lc_beats $lc_lease" 1<>"$lc_state/beat"; } 2>/dev/null
}
