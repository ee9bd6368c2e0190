# Says who listens on a TCP port of this host: `PID NAME`, `somebody` (a process of another user), `nobody`, or `unknown` where
# there is no /proc to tell.
# Words: PORT.
[ -r /proc/net/tcp ] || { echo unknown; exit 0; }
LC_ALL=C
export LC_ALL
lc_sockets=$(awk -v port=":$(printf %04X "$1")" \
  '$4 == "0A" && substr($2, length($2) - 4) == port { printf "%s ", $10 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
[ -n "$lc_sockets" ] || { echo nobody; exit 0; }
# One ls for all of them: a machine has thousands. It names the directories only where they are two or more. What a descriptor
# points to is all that stands behind the first arrow: a path may hold another one.
# shellcheck disable=SC2012 # names of descriptors are numbers
lc_pid=$(cd /proc && ls -ln self/fd [0-9]*/fd 2>/dev/null | awk -v sockets="$lc_sockets" '
BEGIN { count = split(sockets, numbers, " "); for (i = 1; i <= count; i++) held["socket:[" numbers[i] "]"] = 1 }
/^(self|[0-9]+)\/fd:$/ { pid = $0 + 0; next }
/^l/ { at = index($0, " -> "); if (pid && substr($0, at + 4) in held) { print pid; exit } }')
if [ -n "$lc_pid" ] && { IFS= read -r lc_name <"/proc/$lc_pid/comm"; } 2>/dev/null; then
  echo "$lc_pid $lc_name"
else
  echo somebody
fi
