# Starts one process in a directory and an environment.
# Words: DIRECTORY|'' SESSIONS|- [NAME=VALUE]... -- ARGUMENT...
# SESSIONS is the file of the guardian in which this session is recorded.
if [ -n "$1" ]; then cd "$1" || exit 125; fi
if [ "$2" != - ]; then
  lc_record "$2"
  # What the setup of the runtime has left in the environment.
  # shellcheck source=/dev/null
  if [ -r "${2%/*}/environment" ]; then . "${2%/*}/environment"; fi
fi
shift 2
# shellcheck disable=SC2163
while [ "$1" != -- ]; do export "$1"; shift; done
shift
unset lc_boot lc_stat lc_session lc_field lc_word lc_leader
unset -f lc_look lc_record
exec "$@"
