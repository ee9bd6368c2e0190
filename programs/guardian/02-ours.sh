# Which processes are ours, and how some of them are ended.

lc_table() {
  if [ -r /proc/self/stat ]; then
    LC_ALL=C grep '' /proc/[0-9]*/stat /dev/null 2>/dev/null
  else
    ps -A -o pid= -o ppid= -o pgid= -o comm= | sed 's/^/T /'
  fi
}

# Processes that carry the lease in their environment: finds what forked twice and left its session.
lc_marked() {
  if printf 'a\000b\000' | grep -qzxF b 2>/dev/null; then
    LC_ALL=C grep -lszxF "LAZYCLUSTER_LEASE=$lc_id" /proc/[0-9]*/environ 2>/dev/null
  else
    for lc_file in /proc/[0-9]*/environ; do
      { tr '\000' '\n' <"$lc_file" | grep -qxF "LAZYCLUSTER_LEASE=$lc_id" && echo "$lc_file"; } 2>/dev/null
    done
  fi | while IFS=/ read -r _ _ lc_a _; do echo "M $lc_a"; done
}

# Seeds and the process table in, `p|w PID START NAME` out: everything of recorded sessions (S; W where the leader is a
# wrapper; C for those known to have ended), marked (M) or found before (K), and the descendants of all that.
# A recorded process whose start time differs is another one by now. Never this shell, nor what it runs, nor what a
# wrapper runs that tidies up (Q).
lc_awk='
function take(p, as) { if ((p in up) && !(p in ours) && !(p in mine)) { ours[p] = as; grew = 1 } }
function put(pid, ppid, sess, st, start, name) {
  up[pid] = ppid; session[pid] = sess; born[pid] = start; state[pid] = st; called[pid] = name
}
/^\/proc\// {
  if (!match($0, /.*\) /)) next
  n = split(substr($0, RLENGTH + 1), f, " ")
  if (n < 20) next
  pid = substr($0, 7); sub(/\/.*/, "", pid)
  name = substr($0, 1, RLENGTH - 2); sub(/^[^(]*\(/, "", name)
  put(pid, f[2], f[4], f[1], f[20], name)
  next
}
$1 == "T" { put($2, $3, $4, ($5 ~ /^\(/ || $NF ~ /defunct/) ? "Z" : "S", 0, $5); next }
$1 == "S" || $1 == "W" { kind[$2 " " $3] = $1 }
$1 == "C" { closed[$2 " " $3] = 1 }
$1 == "M" { marked[$2] = 1 }
$1 == "Q" { tidying[$2] = $3 }
$1 == "K" { known[$2 " " $3] = 1 }
END {
  mine[self] = 1
  for (p in tidying) if ((p in up) && born[p] "" == tidying[p] "") mine[p] = 1
  do { grew = 0; for (p in up) if (!(p in mine) && (up[p] in mine)) { mine[p] = 1; grew = 1 } } while (grew)
  for (p in up) living[session[p]] = 1
  if (prune) {
    for (k in kind) if (!(k in closed)) {
      split(k, f, " ")
      if (!(f[1] in living) && !((f[1] in up) && born[f[1]] "" == f[2] "")) print k
    }
    exit
  }
  for (p in tidying) if (p != self) delete mine[p]
  if (self in up) print "t"
  for (k in kind) {
    split(k, f, " ")
    if ((f[1] in up) && born[f[1]] "" != f[2] "") continue
    # A wrapper that has closed its session is on its way out.
    if (kind[k] == "W") take(f[1], "w")
    if (k in closed) continue
    sessions[f[1]] = 1
    take(f[1], "p")
  }
  for (p in up) if ((p in marked) || (session[p] in sessions) || ((p " " born[p]) in known)) take(p, "p")
  do { grew = 0; for (p in up) if (!(p in ours) && (up[p] in ours)) take(p, "p") } while (grew)
  for (p in ours) if (state[p] !~ /[ZX]/) print ours[p], p, born[p], called[p]
}'

lc_scan() {
  { printf '%s%s' "$lc_seeds" "$lc_known"; lc_lines Q "$lc_state/tidying"; lc_table; } |
    LC_ALL=C awk -v self="$$" "$@" "$lc_awk"
}

# Looks with the seeds of lc_seeds: lc_list gets `PID START NAME` lines, lc_wraps those of wrappers. What was found is
# remembered in lc_known: a child whose parent dies first stays ours. Fails when the table does not even hold this
# shell: nothing found would then mean nothing.
lc_gather() {
  lc_list='' lc_wraps='' lc_seen_table=''
  lc_found=$(lc_scan -v prune=)
  lc_ifs=$IFS; IFS=$lc_nl; set -f
  for lc_each in $lc_found; do
    lc_part=${lc_each#? }
    case $lc_each in
      t) lc_seen_table=1 ;;
      w*) lc_wraps=$lc_wraps$lc_part$lc_nl ;;
      *)
        lc_list=$lc_list$lc_part$lc_nl
        lc_after=${lc_part#* }
        lc_part="K ${lc_part%% *} ${lc_after%% *}$lc_nl"
        case $lc_nl$lc_known in *"$lc_nl$lc_part"*) ;; *) lc_known=$lc_known$lc_part lc_count=$((lc_count + 1)) ;; esac
        ;;
    esac
  done
  set +f; IFS=$lc_ifs
  [ -n "$lc_seen_table" ]
}

lc_seed_all() {
  lc_seeds=$(
    lc_lines S "$lc_state/sessions"
    lc_lines W "$lc_state/wrappers"
    lc_lines C "$lc_state/closed"
    lc_marked
  )$lc_nl
}

lc_signal() { # SIGNAL LINES: TERM once to each
  lc_ifs=$IFS; IFS=$lc_nl; set -f
  for lc_each in $2; do
    lc_after=${lc_each#* }
    lc_part="$1 ${lc_each%% *} ${lc_after%% *}$lc_nl"
    case $lc_nl$lc_sent in
      *"$lc_nl$lc_part"*) [ "$1" = KILL ] || continue ;;
      *) lc_sent=$lc_sent$lc_part ;;
    esac
    kill "-$1" "${lc_each%% *}" 2>/dev/null
  done
  set +f; IFS=$lc_ifs
}

# Forgets what an earlier search found and signalled.
lc_fresh() { lc_known='' lc_sent='' lc_count=0 lc_time=0; }

# PID START TENTHS: ends the session of lc_seeds: TERM to the process PID, to the rest once that has gone, KILL after so
# long.
lc_close() {
  lc_fresh
  lc_gather || return 1
  lc_told=
  if lc_same "$1" "$2"; then kill -TERM "$1"; fi
  while [ -n "$lc_list" ]; do
    if [ "$lc_time" -ge $(($3 * 10 + 300)) ]; then return 1; fi
    if [ "$lc_time" -ge $(($3 * 10)) ]; then
      # Itself first: the end of a child could let it exit with a code of its own.
      if lc_same "$1" "$2"; then kill -KILL "$1"; fi
      lc_signal KILL "$lc_list"
    elif [ -z "$lc_told" ] && ! lc_same "$1" "$2"; then
      lc_told=1
      lc_signal TERM "$lc_list"
    fi
    lc_nap
    lc_gather || return 1
  done
}
