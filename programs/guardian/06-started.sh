# What is started and stopped: `start` makes a wrapper, which leads a session, runs the process in it, and says how it
# ended; `stop` ends one of these; `halt` ends a session of another program, run.sh.

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

# Runs as the process itself until its last line. The words are not left behind in the file: they may hold secrets.
lc_process=$lc_stamp'lc_state=$1
'$lc_load'
IFS= read -r lc_text <"$1/$2.run"; true >"$1/$2.run"
echo "$$ $lc_stat" >"$1/$2.pid"
echo "event started $2 $$ $lc_stat" >>"$1/events"
eval "set -- $(printf %b "$lc_text")"
unset lc_text lc_stat lc_field lc_word lc_state
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
lc_halt() {
  if grep -qxF "$1 $2" "$lc_state/sessions"; then
    lc_seeds="S $1 $2$lc_nl"
    if lc_close "$1" "$2" "$3"; then echo "$1 $2" >>"$lc_state/closed"; fi
  fi
  echo "halted $1" >&3
}
