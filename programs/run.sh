# Starts one process in a directory and an environment.
# Words: DIRECTORY|'' SESSIONS|- [NAME=VALUE]... -- ARGUMENT...
# SESSIONS is the file of the guardian in which a session of its own is recorded, so that it ends with its runtime.
if [ -n "$1" ]; then cd "$1" || exit 125; fi
if [ "$2" != - ]; then
  s=
  if [ -r "/proc/$$/stat" ]; then
    IFS= read -r s <"/proc/$$/stat"
    set -f; w=${s##*) }; s=0; i=0
    for f in $w; do i=$((i + 1)); [ "$i" = 20 ] && s=$f; done
    set +f
  fi
  printf '%s %s\n' "$$" "${s:-0}" >>"$2" || exit 125
  printf 'lazycluster %s %s\n' "$$" "${s:-0}"
fi
shift 2
while [ "$1" != -- ]; do export "$1"; shift; done
shift
exec "$@"
