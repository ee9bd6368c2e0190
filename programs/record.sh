# Where a process is, and its place in the file of the guardian, so that it ends with its runtime. The first part of `run`
# and of `spawn`.
# shellcheck disable=SC2317

# Sets lc_stat to the start time of a process and lc_session to its session.
lc_look() {
  lc_stat='' lc_session=$1
  [ -r "/proc/$1/stat" ] || return
  IFS= read -r lc_stat <"/proc/$1/stat"
  lc_stat=${lc_stat##*) }
  lc_field=0
  # The start time is field 22 of all, the 20th behind the name.
  for lc_word in $lc_stat; do
    lc_field=$((lc_field + 1))
    case $lc_field in
      4) lc_session=$lc_word ;;
      20) lc_stat=$lc_word; break ;;
    esac
  done
}

# SESSIONS: the first line of output is then `lazycluster PID START [LEADER START]`, the latter where another leads the session.
lc_record() {
  lc_leader=
  lc_look "$$"
  # Where a shell of ours waits for the status, as over OpenSSH's client, that leads the session.
  if [ "$lc_session" != "$$" ] && [ "$lc_session" = "$PPID" ]; then
    lc_look "$PPID"
    lc_leader=" $PPID ${lc_stat:-0}"
    printf '%s %s\n' "$PPID" "${lc_stat:-0}" >>"$1" || exit 125
    lc_look "$$"
  fi
  printf '%s %s\n' "$$" "${lc_stat:-0}" >>"$1" || exit 125
  printf 'lazycluster %s %s%s\n' "$$" "${lc_stat:-0}" "$lc_leader"
}
