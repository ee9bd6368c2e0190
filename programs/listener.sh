# Says whose the listener on a TCP port of this host is: `ours` (a process of the runtime), `foreign`, `nobody`, or `unknown`
# where there is no /proc to tell.
# Words: PORT LEASE PID. Ours carries LAZYCLUSTER_LEASE=LEASE in its environment or is in the session of PID.
[ -r /proc/net/tcp ] || { echo unknown; exit 0; }
lc_sockets=$(awk -v port=":$(printf %04X "$1")" \
  '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
[ -n "$lc_sockets" ] || { echo nobody; exit 0; }
lc_session=$(sed 's/.*) //' "/proc/$3/stat" 2>/dev/null | cut -d' ' -f4)
# Files of processes that have gone meanwhile are passed over.
lc_ours=$(
  grep -lsz "^LAZYCLUSTER_LEASE=$2\$" /proc/[0-9]*/environ
  [ -z "$lc_session" ] || grep -ls ") [A-Za-z] [0-9]* [0-9]* $lc_session " /proc/[0-9]*/stat
)
for lc_file in $lc_ours; do
  for lc_socket in $lc_sockets; do
    # shellcheck disable=SC2010 # names of descriptors are numbers
    if ls -l "${lc_file%/*}/fd" 2>/dev/null | grep -q "socket:\[$lc_socket\]"; then
      echo ours
      exit 0
    fi
  done
done
echo foreign
