# Starts one process in a directory and an environment.
# Words: DIRECTORY|'' SESSIONS|- [NAME=VALUE]... -- ARGUMENT...
# SESSIONS is the file of the guardian in which this session is recorded, so that it ends with its runtime; then the first
# line of output is `lazycluster PID START`.
if [ -n "$1" ]; then cd "$1" || exit 125; fi
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
if [ "$2" != - ]; then
  lc_look "$$"
  # Where a shell of ours waits for the status, as over OpenSSH's client, that leads the session.
  if [ "$lc_session" != "$$" ] && [ "$lc_session" = "$PPID" ]; then
    lc_look "$PPID"
    printf '%s %s\n' "$PPID" "${lc_stat:-0}" >>"$2" || exit 125
    lc_look "$$"
  fi
  printf '%s %s\n' "$$" "${lc_stat:-0}" >>"$2" || exit 125
  printf 'lazycluster %s %s\n' "$$" "${lc_stat:-0}"
  # What the setup of the runtime has left in the environment.
  # shellcheck source=/dev/null
  if [ -r "${2%/*}/environment" ]; then . "${2%/*}/environment"; fi
fi
shift 2
# shellcheck disable=SC2163
while [ "$1" != -- ]; do export "$1"; shift; done
shift
unset lc_boot lc_stat lc_session lc_field lc_word
unset -f lc_look
exec "$@"
