# The guardian of one runtime. Its protocol is src/services/GuardianProtocol.ts.
# One source, three roles: the talker on the channel; the watchdog, which counts the lease in a session of its own; and
# one wrapper for each started process. The talker comes over the channel, the others from the state directory.
# POSIX sh and utilities; setsid, mktemp, timeout, /proc where there are any.
# shellcheck shell=sh disable=SC2016,SC2154
# lc_boot is the boot's: src/internal/shipping.ts.

lc_umask=$(umask)
umask 077
# One guardian inside the runtime of another has a lease of its own.
[ "${lc_role:-talk}" = wrap ] || unset LAZYCLUSTER_LEASE
unset CDPATH
lc_nl='
'
lc_tab=$(printf '\t')
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
# Runs this source in another role: ROLE STATE [NAME].
lc_again='lc_role=$1; lc_state=$2; lc_name=$3; eval "$(cat "$2/guardian")"'

# ---- processes ----

# The start time of a process and its parent, as lc_start and lc_parent; fails when there is none, or only a zombie.
lc_look() {
  lc_start=0 lc_parent=
  if [ ! -r /proc/self/stat ]; then kill -0 "$1" 2>/dev/null; return; fi
  lc_text=
  # The name may hold anything, newlines too: what counts stands behind its last parenthesis.
  { while IFS= read -r lc_part; do lc_text=$lc_text$lc_part; done <"/proc/$1/stat"; } 2>/dev/null
  [ -n "$lc_text" ] || return 1
  # shellcheck disable=SC2086
  set -- ${lc_text##*) }
  lc_start=${20} lc_parent=$2
  [ "$1" != Z ]
}

# Whether PID is still the process that started at START.
lc_same() { lc_look "$1" && [ "$lc_start" = "$2" ]; }

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
function put(pid, ppid, sess, st, start, name) { up[pid] = ppid; session[pid] = sess; born[pid] = start; state[pid] = st; called[pid] = name }
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

lc_lines() { # LETTER FILE: its lines with a letter in front
  { while read -r lc_a lc_b _; do printf '%s %s %s\n' "$1" "$lc_a" "$lc_b"; done <"$2"; } 2>/dev/null
}

lc_scan() {
  { printf '%s%s' "$lc_seeds" "$lc_known"; lc_lines Q "$lc_state/tidying"; lc_table; } |
    LC_ALL=C awk -v self="$$" "$@" "$lc_awk"
}

# Looks with the seeds of lc_seeds: lc_list gets `PID START NAME` lines, lc_wraps those of wrappers. What was found is
# remembered in lc_known: a child whose parent dies first stays ours. Fails when the table does not even hold this shell:
# nothing found would then mean nothing.
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

# Waits a little, less at first; lc_time counts hundredths of a second.
lc_nap() {
  if [ "$lc_time" -lt 15 ]; then lc_for=0.03 lc_step=3; else lc_for=0.1 lc_step=10; fi
  sleep "$lc_for" 2>/dev/null || { sleep 1; lc_step=100; }
  lc_time=$((lc_time + lc_step))
}

lc_fresh() { lc_known='' lc_sent='' lc_count=0 lc_time=0; }

# PID START TENTHS: ends the session of lc_seeds: TERM to the process PID, to the rest once that has gone, KILL after so long.
lc_close() {
  lc_fresh
  lc_gather || return 1
  lc_told=
  if lc_same "$1" "$2"; then kill -TERM "$1"; fi
  while [ -n "$lc_list" ]; do
    if [ "$lc_time" -ge $(($3 * 10 + 300)) ]; then return 1; fi
    if [ "$lc_time" -ge $(($3 * 10)) ]; then
      lc_signal KILL "$lc_list"
    elif [ -z "$lc_told" ] && ! lc_same "$1" "$2"; then
      lc_told=1
      lc_signal TERM "$lc_list"
    fi
    lc_nap
    lc_gather || return 1
  done
}

# ---- the end of everything ----

lc_remove() { # a directory, also one with read-only directories in it
  rm -rf -- "$1" 2>/dev/null
  if [ -e "$1" ]; then
    chmod -R u+rwx -- "$1" 2>/dev/null
    rm -rf -- "$1" 2>/dev/null
  fi
  [ ! -e "$1" ]
}

# Ends the connections recorded in LINES, but for the process SPARE, this shell and what is not what it was.
lc_unlink() {
  lc_ifs=$IFS; IFS=$lc_nl; set -f
  for lc_each in $1; do
    IFS=$lc_ifs
    # shellcheck disable=SC2086
    set -- "$1" "$2" $lc_each
    if [ "$4" = "$$" ] || [ "$4" = "$2" ] || [ "${5:-0}" = 0 ] || ! lc_same "$4" "$5"; then continue; fi
    if [ "$3" = sshd ]; then
      IFS= read -r lc_part <"/proc/$4/comm" || continue
      case $lc_part in sshd | sshd-session) ;; *) continue ;; esac
    fi
    kill -TERM "$4" 2>/dev/null
  done
  set +f; IFS=$lc_ifs
}

# TENTHS: ends all that is ours and says what became of it. Whoever calls it has claimed `ending`.
lc_finish() {
  lc_fresh
  lc_seed_all; lc_gather
  lc_signal TERM "$lc_list"
  while [ -n "$lc_list" ] && [ "$lc_time" -lt $(($1 * 10)) ]; do
    lc_nap; lc_renew
    lc_seed_all; lc_gather
    lc_signal TERM "$lc_list"
  done
  lc_round=0
  while [ -n "$lc_list" ] && [ "$lc_round" -lt 20 ]; do
    lc_signal KILL "$lc_list"
    lc_nap; lc_renew
    lc_seed_all; lc_gather
    lc_round=$((lc_round + 1))
  done
  lc_killed=0 lc_left=0 lc_ifs=$IFS; IFS=$lc_nl; set -f
  for lc_each in $lc_sent; do case $lc_each in KILL*) lc_killed=$((lc_killed + 1)) ;; esac; done
  for lc_each in $lc_list; do
    lc_left=$((lc_left + 1))
    lc_after=${lc_each#* }
    printf 'report left %s %s\n' "${lc_each%% *}" "${lc_after#* }"
  done
  set +f; IFS=$lc_ifs
  [ -n "$lc_seen_table" ] || echo 'report left 0 (the process table cannot be read)'
  printf 'report ended %s\nreport killed %s\n' "$((lc_count - lc_left))" "$((lc_killed - lc_left))"
  # The wrappers go by themselves once their processes have gone.
  lc_round=0
  while [ -n "$lc_wraps" ] && [ "$lc_round" -lt 30 ]; do
    [ "$lc_round" -lt 20 ] || lc_signal KILL "$lc_wraps"
    lc_nap
    lc_seed_all; lc_gather
    lc_round=$((lc_round + 1))
  done
  { IFS= read -r lc_where <"$lc_state/directory"; } 2>/dev/null
  case $lc_where in
    'temporary '*) if lc_remove "${lc_where#* }"; then echo "report removed ${lc_where#* }"; else echo "report stuck ${lc_where#* }"; fi ;;
    'kept '*) echo "report $lc_where" ;;
  esac
  lc_links=$(cat "$lc_state/links" 2>/dev/null)
  rm -f -- "$lc_base/$lc_id.json" "$lc_base/.$lc_id.json"
  lc_remove "$lc_state" || lc_remove "$lc_state" || echo "report stuck $lc_state"
}

# A beat writes over the old one in place: that needs no room on a full disk.
lc_renew() {
  lc_beats=$((${lc_beats:-0} + 1))
  [ -n "${lc_lease:-}" ] || return 0
  { printf '%-60s\n' "$$ $lc_beats $lc_lease" 1<>"$lc_state/beat"; } 2>/dev/null
}

# ---- the watchdog ----

lc_detach() { # argv: a session of its own, no descriptor of the channel, not our child
  if command -v setsid >/dev/null; then
    (setsid "$@" </dev/null >/dev/null 2>>"$lc_state/log" &)
  elif command -v perl >/dev/null; then
    (perl -e 'use POSIX; POSIX::setsid(); exec @ARGV' -- "$@" </dev/null >/dev/null 2>>"$lc_state/log" &)
  elif command -v python3 >/dev/null; then
    (python3 -c 'import os,sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])' "$@" </dev/null >/dev/null 2>>"$lc_state/log" &)
  else
    ("$@" </dev/null >/dev/null 2>>"$lc_state/log" &)
  fi
}

lc_guard() { lc_detach /bin/sh -c "$lc_again" lazycluster-watchdog watch "$lc_state" ''; }

# Drops output over the cap, and says so.
lc_cut() {
  find "$lc_state" -name '*.*' -size "+${lc_cap}c" 2>/dev/null | while IFS= read -r lc_file; do
    case $lc_file in *.out | *.err) ;; *) continue ;; esac
    lc_size=$(($(wc -c <"$lc_file")))
    true >"$lc_file"
    lc_which=${lc_file##*/}
    echo "event cut ${lc_which%.*} ${lc_which##*.} $lc_size" >>"$lc_state/events"
  done
}

# A wrapper that somebody killed cannot say that its process has ended, nor end the rest of its session.
lc_bereaved() {
  for lc_file in "$lc_state"/*.wrap; do
    lc_c=''
    { read -r lc_c lc_d <"$lc_file"; } 2>/dev/null
    if [ -z "$lc_c" ] || lc_same "$lc_c" "$lc_d"; then continue; fi
    # It removes its file before it goes: only if that is still there it was killed.
    lc_text=''
    { IFS= read -r lc_text <"$lc_file"; } 2>/dev/null
    [ "$lc_text" = "$lc_c $lc_d" ] || continue
    lc_name=${lc_file##*/} lc_name=${lc_name%.wrap}
    lc_seeds="W $lc_c $lc_d$lc_nl"
    lc_close 0 0 20
    rm -f -- "$lc_file" "$lc_state/$lc_name.run" "$lc_state/$lc_name.pid"
    echo "event exited $lc_name 137" >>"$lc_state/events"
  done
}

# Strikes sessions that are empty off the list: their numbers may come again as somebody else's.
lc_prune() {
  lc_fresh
  lc_seeds=$(lc_lines S "$lc_state/sessions"; lc_lines C "$lc_state/closed")$lc_nl
  lc_scan -v prune=1 >>"$lc_state/closed"
}

lc_watch() {
  cd / || exit 1
  lc_now=
  trap '' HUP INT PIPE
  # The machine goes down, or somebody wants us gone: with all that is ours, then.
  trap 'lc_now=1' TERM
  lc_look "$$"
  echo "$$ $lc_start" >"$lc_state/watchdog"
  IFS= read -r lc_where <"$lc_state/directory"
  lc_quiet=0 lc_tick=0 lc_last='' lc_most=30
  while :; do
    sleep 1
    # Somebody has removed it: what carries the lease is found without.
    [ -d "$lc_state" ] || lc_now=1
    lc_a='' lc_b='' lc_c=''
    { read -r lc_a lc_b lc_c <"$lc_state/beat"; } 2>/dev/null
    if [ "$lc_a $lc_b" = "$lc_last" ]; then lc_quiet=$((lc_quiet + 1)); else lc_quiet=0 lc_last="$lc_a $lc_b"; fi
    [ -z "$lc_c" ] || lc_most=$lc_c
    lc_tick=$((lc_tick + 1))
    lc_bereaved
    [ $((lc_tick % 2)) != 0 ] || lc_cut
    [ $((lc_tick % 30)) != 0 ] || lc_prune
    if [ -z "$lc_now" ] && [ "$lc_quiet" -lt "$lc_most" ]; then continue; fi
    # A claim whose owner has said nothing for so long is nobody's.
    if [ ! -d "$lc_state" ] || mkdir "$lc_state/ending" 2>/dev/null || [ "$lc_quiet" -ge $((lc_most + 10)) ]; then
      lc_finish 20
      # The last act: sshd keeps a cut connection, and the ports that it listens on, for minutes to hours.
      lc_unlink "$lc_links" ''
      exit 0
    fi
  done
}

# ---- a started process ----

# Runs as the process itself until its last line. The words are not left behind in the file: they may hold secrets.
lc_process=$lc_stamp'IFS= read -r lc_text <"$1/$2.run"; true >"$1/$2.run"
echo "$$ $lc_stat" >"$1/$2.pid"
echo "event started $2 $$ $lc_stat" >>"$1/events"
eval "set -- $(printf %b "$lc_text")"
unset lc_text lc_stat lc_field lc_word
if [ -n "$1" ]; then cd "$1" || exit 125; fi
shift 2
while [ "$1" != -- ]; do export "$1"; shift; done
shift
exec "$@"'

lc_wrap() {
  # Not ignored, for then the process would ignore it too; the shell looks at it after the process has ended.
  trap : TERM INT HUP
  lc_look "$$"
  lc_own=$lc_start
  echo "$$ $lc_own" >>"$lc_state/wrappers"
  echo "$$ $lc_own" >"$lc_state/$lc_name.wrap"
  IFS= read -r lc_where <"$lc_state/directory"
  cd "${lc_where#* }" || cd / || exit 1
  (
    umask "$lc_umask"
    exec /bin/sh -c "$lc_process" "lazycluster-$lc_name" "$lc_state" "$lc_name" \
      >>"$lc_state/$lc_name.out" 2>>"$lc_state/$lc_name.err"
  )
  lc_code=$?
  echo "$$ $lc_own" >>"$lc_state/tidying"
  lc_seeds="W $$ $lc_own$lc_nl"
  lc_close 0 0 20
  echo "$$ $lc_own" >>"$lc_state/closed"
  rm -f -- "$lc_state/$lc_name.wrap" "$lc_state/$lc_name.run" "$lc_state/$lc_name.pid"
  echo "event exited $lc_name $lc_code" >>"$lc_state/events"
}

# ---- facts ----

lc_fact() { printf 'fact %s %s\n' "$1" "$2"; }

lc_bound() { # SECONDS argv: not longer than that, where timeout is there
  if command -v timeout >/dev/null; then timeout "$@"; else shift; "$@"; fi
}

# NAME: its path as lc_path, or nothing. `command -v` costs a process, and some shells answer it with their own applets.
lc_find() {
  lc_ifs=$IFS; IFS=:; set -f
  lc_path=''
  for lc_dir in $PATH; do
    if [ -f "$lc_dir/$1" ] && [ -x "$lc_dir/$1" ]; then lc_path=$lc_dir/$1; break; fi
  done
  set +f; IFS=$lc_ifs
}

# Slow programs run beside the rest.
lc_ask() {
  lc_find python3
  lc_python=$lc_path lc_asked=''
  if [ -n "$lc_python" ]; then
    lc_bound 20 python3 -S -c 'import sys; print(sys.version.split()[0]); print(sys.executable or "")' \
      </dev/null >"$lc_state/python" 2>/dev/null &
    lc_asked=$!
  fi
  lc_gpus=
  if command -v nvidia-smi >/dev/null; then
    lc_bound 20 nvidia-smi --query-gpu=index,name,memory.total --format=csv,noheader,nounits </dev/null >"$lc_state/gpus" 2>/dev/null &
    lc_gpus=$!
  fi
}

lc_answers() {
  lc_version='' lc_path=''
  if [ -n "$lc_asked" ]; then
    wait "$lc_asked"
    { IFS= read -r lc_version; IFS= read -r lc_path; } <"$lc_state/python"
  fi
  # The program behind a shim starts faster, and everywhere the same.
  case $lc_version in [0-9]*) ;; *) lc_version='' lc_path='' ;; esac
  case $lc_path in /*) ;; *) lc_path=$lc_python ;; esac
  lc_fact python "$lc_version"
  lc_fact pythonPath "$lc_path"
  if [ -n "$lc_gpus" ] && wait "$lc_gpus"; then
    while IFS= read -r lc_part; do [ -z "$lc_part" ] || lc_fact gpu "$lc_part"; done <"$lc_state/gpus"
  fi
  rm -f -- "$lc_state/python" "$lc_state/gpus"
}

# Hundredths of a core that affinity leaves.
lc_affinity() {
  lc_cores=0 lc_allowed=
  { while read -r lc_a lc_b _; do
    if [ "$lc_a" = Cpus_allowed_list: ]; then lc_allowed=$lc_b; break; fi
  done <"/proc/$$/status"; } 2>/dev/null
  lc_ifs=$IFS; IFS=,
  for lc_each in $lc_allowed; do lc_cores=$((lc_cores + ${lc_each#*-} - ${lc_each%-*} + 1)); done
  IFS=$lc_ifs
  [ "$lc_cores" -gt 0 ] || lc_cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 1)
  lc_cores=$((lc_cores * 100))
}

lc_quota() { # QUOTA PERIOD
  case $1$2 in '' | *[!0-9]*) return ;; esac
  if [ "$2" -gt 0 ] && [ $(($1 * 100 / $2)) -lt "$lc_cores" ]; then lc_cores=$(($1 * 100 / $2)); fi
}

lc_limit() { # BYTES
  case $1 in '' | *[!0-9]*) return ;; esac
  # Version 1 says "none" with nearly 2^63.
  if [ "${#1}" -lt 19 ] && { [ "$lc_memory" = 0 ] || [ "$1" -lt "$lc_memory" ]; }; then lc_memory=$1; fi
}

# The quotas of this directory and of all above it: the least one counts.
lc_climb() { # TOP BELOW
  lc_dir=$1$2
  [ -d "$lc_dir" ] || lc_dir=$1
  while :; do
    lc_a='' lc_b=''
    [ ! -r "$lc_dir/cpu.max" ] || { read -r lc_a lc_b <"$lc_dir/cpu.max"; lc_quota "$lc_a" "$lc_b"; }
    if [ -r "$lc_dir/cpu.cfs_quota_us" ]; then
      read -r lc_a <"$lc_dir/cpu.cfs_quota_us" && read -r lc_b <"$lc_dir/cpu.cfs_period_us" && lc_quota "$lc_a" "$lc_b"
    fi
    for lc_each in memory.max memory.limit_in_bytes; do
      lc_a=
      [ ! -r "$lc_dir/$lc_each" ] || { read -r lc_a <"$lc_dir/$lc_each"; lc_limit "$lc_a"; }
    done
    case ${lc_dir#"$1"} in ?*/* | /?*) lc_dir=${lc_dir%/*} ;; *) break ;; esac
  done
}

lc_cgroups() {
  lc_mounts=$(grep ' - cgroup' "/proc/$$/mountinfo" 2>/dev/null) || return
  while IFS=: read -r _ lc_which lc_path; do
    lc_ifs=$IFS; IFS=$lc_nl; set -f
    for lc_each in $lc_mounts; do
      IFS=' '
      # shellcheck disable=SC2086
      set -- $lc_each
      IFS=$lc_nl
      case $lc_which,${lc_each##* - } in
        ,'cgroup2 '*) ;;
        cpu,'cgroup '* | cpu,*,'cgroup '* | *,cpu,'cgroup '* | *,cpu,*,'cgroup '* | memory,'cgroup '*)
          # The mount of just these controllers.
          case ,${lc_each##* }, in *",$lc_which,"*) ;; *) continue ;; esac
          ;;
        *) continue ;;
      esac
      case $lc_path in
        "$4"*) [ "$4" = / ] && lc_below=$lc_path || lc_below=${lc_path#"$4"} ;;
        *) lc_below= ;;
      esac
      [ "$lc_below" != / ] || lc_below=
      IFS=$lc_ifs; set +f
      lc_climb "$5" "$lc_below"
      IFS=$lc_nl; set -f
    done
    set +f; IFS=$lc_ifs
  done <"/proc/$$/cgroup"
}

lc_facts() { # EXECUTABLE...
  lc_uname=$(uname -snrm)
  lc_system=${lc_uname%% *} lc_machine=${lc_uname##* }
  lc_part=${lc_uname#* }
  lc_os=
  if [ -r /etc/os-release ]; then
    while IFS='=' read -r lc_a lc_b; do
      if [ "$lc_a" = PRETTY_NAME ]; then lc_os=${lc_b#[\"\']}; lc_os=${lc_os%[\"\']}; break; fi
    done </etc/os-release
  fi
  [ -n "$lc_os" ] || { lc_os=${lc_part#* }; lc_os="$lc_system ${lc_os%% *}"; }
  lc_libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || lc_libc=
  if [ -z "$lc_libc" ]; then for lc_each in /lib/ld-musl-*; do [ ! -e "$lc_each" ] || lc_libc=musl; done; fi
  lc_fact system "$lc_system"
  lc_fact os "$lc_os"
  lc_fact machine "$lc_machine"
  lc_fact libc "$lc_libc"
  lc_fact hostname "${lc_part%% *}"
  lc_fact user "$(id -un 2>/dev/null || id -u)"
  lc_fact home "$HOME"
  lc_fact cache "${XDG_CACHE_HOME:-$HOME/.cache}/lazycluster"
  lc_fact bootId "$lc_boot_id"
  lc_fact network "$(readlink /proc/self/ns/net 2>/dev/null)"
  lc_affinity
  lc_memory=0
  if [ -r /proc/meminfo ]; then
    read -r _ lc_memory _ </proc/meminfo
    lc_memory=$((lc_memory * 1024))
  else
    lc_memory=$(sysctl -n hw.memsize 2>/dev/null || sysctl -n hw.physmem 2>/dev/null || echo 0)
  fi
  lc_cgroups
  [ "$lc_cores" -gt 0 ] || lc_cores=1
  lc_part=0$((lc_cores % 100))
  lc_fact cpus "$((lc_cores / 100)).${lc_part#"${lc_part%??}"}"
  lc_fact memory "$lc_memory"
  for lc_each; do
    lc_find "$lc_each"
    [ -z "$lc_path" ] || lc_fact executable "$lc_each $lc_path"
  done
  lc_answers
}

# ---- the talker ----

lc_refuse() {
  printf 'refused %s %s\n' "$1" "$2"
  exit 1
}

# Records this connection: the talker, and its sshd if that is what started it. A shell between them may be; anything
# else may not, or the user's own login on the manager would be taken for ours.
lc_record_link() {
  lc_sshd=''
  lc_look "$$"
  echo "talker $$ $lc_start" >>"$lc_state/links" || return
  lc_pid=$PPID
  while [ "$lc_pid" -gt 1 ] 2>/dev/null; do
    lc_look "$lc_pid" || break
    lc_part=''
    { IFS= read -r lc_part <"/proc/$lc_pid/comm"; } 2>/dev/null
    case $lc_part in
      sshd | sshd-session)
        while read -r lc_a lc_b _; do [ "$lc_a" != Uid: ] || break; done <"/proc/$lc_pid/status"
        if [ "$lc_b" = "$(id -u)" ]; then
          lc_sshd=$lc_pid
          echo "sshd $lc_pid $lc_start" >>"$lc_state/links"
        fi
        break
        ;;
      sh | dash | ash | bash | zsh | ksh | fish | csh | tcsh | busybox) lc_pid=$lc_parent ;;
      *) break ;;
    esac
  done
  true
}

lc_dog_alive() {
  lc_dog='' lc_dog_start=''
  { read -r lc_dog lc_dog_start <"$lc_state/watchdog"; } 2>/dev/null
  [ -n "$lc_dog_start" ] && lc_same "$lc_dog" "$lc_dog_start"
}

# What earlier boots of this machine left behind; and a runtime whose watchdog was killed gets a new one. Homes may be
# shared, so a runtime of another machine is none of our business.
lc_sweep() {
  [ -n "$lc_boot_id" ] || return 0
  for lc_state in "$lc_base"/*/; do
    lc_state=${lc_state%/}
    lc_a='' lc_b=''
    { IFS= read -r lc_a; IFS= read -r lc_b; } 2>/dev/null <"$lc_state/boot" || continue
    if [ "$lc_b" != "$lc_here" ]; then continue; fi
    if [ "$lc_a" = "$lc_boot_id" ]; then
      { IFS=' ' read -r _ lc_c lc_d <"$lc_state/links"; } 2>/dev/null || continue
      # A talker that still lives may be about to start it.
      lc_same "$lc_c" "$lc_d" || lc_dog_alive || lc_guard
      continue
    fi
    lc_where=
    { IFS= read -r lc_where <"$lc_state/directory"; } 2>/dev/null
    case $lc_where in "temporary "*/lazycluster-"${lc_state##*/}".*) lc_remove "${lc_where#* }" ;; esac
    rm -f -- "$lc_state.json"
    lc_remove "$lc_state"
  done
}

lc_directory() { # WORKING_DIRECTORY or nothing
  if [ -z "$1" ]; then
    lc_where=$(mktemp -d "${TMPDIR:-/tmp}/lazycluster-$lc_id.XXXXXX" 2>/dev/null) || {
      lc_where=${TMPDIR:-/tmp}/lazycluster-$lc_id.$$
      mkdir "$lc_where" 2>/dev/null || return 1
    }
    echo "temporary $lc_where" >"$lc_state/directory"
    return
  fi
  lc_where=$1
  # shellcheck disable=SC2088
  case $lc_where in
    '~') lc_where=$HOME ;;
    '~/'*) lc_where=$HOME/${lc_where#'~/'} ;;
    /*) ;;
    *) lc_where=$HOME/$lc_where ;;
  esac
  case $lc_where in *"$lc_nl"* | *"$lc_tab"*) lc_error='a path with a newline or tab'; return 1 ;; esac
  lc_error=$(umask "$lc_umask"; mkdir -p -- "$lc_where" 2>&1) || return 1
  lc_error=$(mkdir -- "$lc_where/.lazycluster-$lc_id" 2>&1) || return 1
  rmdir -- "$lc_where/.lazycluster-$lc_id"
  echo "kept $lc_where" >"$lc_state/directory"
}

lc_new() { # WORKING_DIRECTORY
  lc_error=$(mkdir -p -- "$lc_base" 2>&1 && lc_sweep >/dev/null 2>&1; mkdir -- "$lc_base/$lc_id" 2>&1) ||
    lc_refuse state "$lc_base/$lc_id: ${lc_error##*: }"
  if ! { printf %b "$lc_boot" >"$lc_state/guardian" && printf '%s\n%s\n' "$lc_boot_id" "$lc_here" >"$lc_state/boot" &&
    true >"$lc_state/events" && true >"$lc_state/sessions" && lc_record_link && lc_renew; }; then
    lc_remove "$lc_state"
    lc_refuse state "$lc_state cannot be written"
  fi
  lc_error=
  if ! lc_directory "$1"; then
    lc_remove "$lc_state"
    lc_refuse directory "${1:-${TMPDIR:-/tmp}}: ${lc_error##*: }"
  fi
}

lc_resume() {
  lc_a=
  { IFS= read -r lc_a <"$lc_state/boot"; } 2>/dev/null || lc_refuse gone "$lc_state is not there"
  [ "$lc_a" = "$lc_boot_id" ] || lc_refuse gone 'the host was started anew'
  # The same claim that the watchdog makes: either it ends the runtime or we have it.
  mkdir "$lc_state/ending" 2>/dev/null || lc_refuse gone 'the lease has run out'
  lc_renew || lc_refuse state "$lc_state/beat cannot be written"
  lc_links=$(cat "$lc_state/links" 2>/dev/null)
  lc_record_link
}

# The lease alone, over a connection of its own: a stalled one needs as long again to recover as it was away.
lc_renew_aside() {
  { read -r _ _ lc_lease <"$lc_state/beat"; } 2>/dev/null || lc_refuse gone "$lc_state is not there"
  lc_renew || lc_refuse state "$lc_state/beat cannot be written"
  [ ! -d "$lc_state/ending" ] || lc_refuse gone 'the lease has run out'
  echo renewed
}

# `start NAME TEXT`. A name is used once: the manager may say it again when it is not sure that it was heard.
lc_begin() {
  case $1 in '' | .* | *[!A-Za-z0-9._-]*) return ;; esac
  [ ! -e "$lc_state/$1.out" ] || return
  if printf '%s\n' "$2" >"$lc_state/$1.run" && true >>"$lc_state/$1.out" && true >>"$lc_state/$1.err"; then
    (
      umask "$lc_umask"
      LAZYCLUSTER_LEASE=$lc_id
      export LAZYCLUSTER_LEASE
      lc_detach /bin/sh -c "$lc_again" lazycluster-process wrap "$lc_state" "$1"
    )
  else
    rm -f -- "$lc_state/$1.run"
    printf 'event started %s 0 0\nevent exited %s 125\n' "$1" "$1" >>"$lc_state/events"
  fi
}

# `stop NAME TENTHS`
lc_stop() {
  lc_time=0
  # A stop right behind a start waits until the process is there.
  while [ -e "$lc_state/$1.run" ] && [ ! -s "$lc_state/$1.pid" ] && [ "$lc_time" -lt 500 ]; do lc_nap; done
  { read -r lc_a lc_b <"$lc_state/$1.wrap" && read -r lc_c lc_d <"$lc_state/$1.pid"; } 2>/dev/null || return
  lc_seeds="W $lc_a $lc_b$lc_nl"
  lc_close "$lc_c" "$lc_d" "$2"
}

# `halt PID START TENTHS`: only a session on the list.
lc_halt() { set -x
  if grep -qxF "$1 $2" "$lc_state/sessions"; then
    lc_seeds="S $1 $2$lc_nl"
    if lc_close "$1" "$2" "$3"; then echo "$1 $2" >>"$lc_state/closed"; fi
  fi
  echo "halted $1" >&3
}

lc_ledger() {
  printf %b "$1" >"$lc_base/.$lc_id.json" && mv -f -- "$lc_base/.$lc_id.json" "$lc_base/$lc_id.json"
}

# Each event in one write: tail alone could cut a line in two, with a beat in between.
lc_follow() { # EVENTS_SEEN
  /bin/sh -c "$lc_stamp"'echo "tail $$ $lc_stat $3" >>"$1/links"; exec tail -n "+$2" -f "$1/events"' \
    lazycluster-events "$lc_state" "$(($1 + 1))" "$$" </dev/null |
    while IFS= read -r lc_line; do printf '%s\n' "$lc_line"; done &
  lc_follower=$!
}

# LINKS: ends our own follower.
lc_hush() {
  lc_ifs=$IFS; IFS=$lc_nl; set -f
  for lc_each in $1; do
    IFS=$lc_ifs
    # shellcheck disable=SC2086
    set -- $lc_each
    if [ "$1" = tail ] && [ "$4" = "$$" ] && lc_same "$2" "$3"; then kill "$2"; fi
  done
  set +f; IFS=$lc_ifs
  kill "$lc_follower" 2>/dev/null
}

lc_listen() {
  while IFS= read -r lc_line; do
    lc_rest=${lc_line#* }
    case $lc_line in
      'beat '*)
        lc_renew && printf 'beat %s\n' "$lc_rest"
        lc_same "$lc_dog" "$lc_dog_start" || lc_dog_alive || { lc_guard; lc_await; }
        ;;
      'start '*' '*) lc_begin "${lc_rest%% *}" "${lc_rest#* }" ;;
      'stop '*' '*) lc_stop "${lc_rest%% *}" "${lc_rest#* }" </dev/null >/dev/null & ;;
      'halt '*' '*' '*)
        # shellcheck disable=SC2086
        { set -f; set -- $lc_rest; set +f; lc_halt "$1" "$2" "$3"; } 3>&1 </dev/null >/dev/null &
        ;;
      'ledger '*) lc_ledger "$lc_rest" ;;
      'end '*) lc_end "$lc_rest" ;;
    esac
  done
}

lc_end() {
  # The manager may go before the report is read; the end goes on.
  trap '' PIPE
  lc_links=$(cat "$lc_state/links")
  if mkdir "$lc_state/ending" 2>/dev/null; then
    lc_finish "$1"
    lc_fresh
    lc_seeds="S $lc_dog $lc_dog_start$lc_nl"
    lc_gather
    lc_signal KILL "$lc_list"
  else
    lc_time=0
    while [ -d "$lc_state" ] && [ "$lc_time" -lt 6000 ]; do lc_nap; done
  fi
  lc_hush "$lc_links"
  echo ended
  exit 0
}

# The watchdog stands before anything is promised.
lc_await() {
  lc_time=0
  until lc_dog_alive || [ "$lc_time" -gt 1000 ]; do lc_nap; done
}

lc_talk() { # new|resume ID WORKING_DIRECTORY LEASE EVENTS_SEEN EXECUTABLE...
  lc_id=$2 lc_lease=$4 lc_seen=$5
  HOME=${HOME:-/}
  cd "$HOME" 2>/dev/null || cd / || exit 1
  lc_base=${XDG_STATE_HOME:-$HOME/.local/state}/lazycluster
  lc_state=$lc_base/$lc_id
  lc_boot_id='' lc_here=''
  { IFS= read -r lc_boot_id </proc/sys/kernel/random/boot_id; } 2>/dev/null
  { IFS= read -r lc_here </etc/machine-id; } 2>/dev/null
  { IFS= read -r lc_part </proc/sys/kernel/hostname && lc_here="$lc_here $lc_part"; } 2>/dev/null
  case $lc_id in '' | .* | *[!A-Za-z0-9._-]*) lc_refuse state 'an id is made of letters, digits, dots, dashes' ;; esac
  if [ "$1" = renew ]; then lc_renew_aside; return; fi
  case $lc_lease in '' | *[!0-9]*) lc_refuse state 'the lease is a number of seconds' ;; esac
  case $1 in
    new) lc_new "$3" ;;
    resume) lc_resume ;;
    *) lc_refuse state "neither new nor resume: $1" ;;
  esac
  exec 2>>"$lc_state/log"
  lc_dog_alive || lc_guard
  if [ "$1" = resume ]; then
    lc_unlink "$lc_links" "$lc_sshd"
    rmdir "$lc_state/ending"
  fi
  IFS= read -r lc_where <"$lc_state/directory"
  shift 5
  lc_ask
  lc_facts "$@"
  lc_await
  printf 'ready %s\t%s\n' "$lc_state" "${lc_where#* }"
  lc_follow "$lc_seen"
  lc_listen
  lc_hush "$(cat "$lc_state/links" 2>/dev/null)"
  exit 0
}

case ${lc_role:-talk} in
  talk) lc_talk "$@" ;;
  *)
    lc_id=${lc_state##*/} lc_base=${lc_state%/*}
    "lc_$lc_role"
    ;;
esac
