# Says who listens on a TCP port of this host: `PID NAME`, `somebody` (a process of another user), `nobody`, or `unknown` where
# there is no /proc to tell.
# Words: PORT.
[ -r /proc/net/tcp ] || { echo unknown; exit 0; }
lc_sockets=$(awk -v port=":$(printf %04X "$1")" \
  '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
[ -n "$lc_sockets" ] || { echo nobody; exit 0; }
for lc_socket in $lc_sockets; do
  for lc_process in /proc/[0-9]*; do
    # shellcheck disable=SC2010 # names of descriptors are numbers
    if ls -l "$lc_process/fd" 2>/dev/null | grep -q "socket:\[$lc_socket\]"; then
      echo "${lc_process#/proc/} $(cat "$lc_process/comm")"
      exit 0
    fi
  done
done
echo somebody
