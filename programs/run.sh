# Starts one process in a directory and an environment.
# Words: DIRECTORY|'' SESSIONS|- [NAME=VALUE]... -- ARGUMENT...
# SESSIONS is the file of the guardian in which this session is recorded, so that it ends with its runtime; then the first
# line of output is `lazycluster PID START`.
if [ -n "$1" ]; then cd "$1" || exit 125; fi
if [ "$2" != - ]; then
  lc_stat=
  if [ -r "/proc/$$/stat" ]; then
    IFS= read -r lc_stat <"/proc/$$/stat"
    lc_stat=${lc_stat##*) }
    lc_field=0
    # The start time is field 22 of all, the 20th behind the name.
    for lc_word in $lc_stat; do
      lc_field=$((lc_field + 1))
      if [ "$lc_field" = 20 ]; then lc_stat=$lc_word; break; fi
    done
  fi
  printf '%s %s\n' "$$" "${lc_stat:-0}" >>"$2" || exit 125
  printf 'lazycluster %s %s\n' "$$" "${lc_stat:-0}"
fi
shift 2
# shellcheck disable=SC2163
while [ "$1" != -- ]; do export "$1"; shift; done
shift
unset lc_boot lc_stat lc_field lc_word
exec "$@"
