# Files of this host in one go. Words: VERB ARGUMENT...; paths are absolute. Exits with 0, or says CODE and why, and exits with
# 1. Ends what it does when its standard input ends.
#   access PATH r|- w|-
#   remove PATH
#   copy FROM TO overwrite|- times|-
#   file FROM TO
unset CDPATH
LC_ALL=C
export LC_ALL
umask 0
exec 3<&0 </dev/null
lc_verb=$1
shift

lc_fail() { # CODE TEXT
  printf '%s %s\n' "$1" "$2"
  exit 1
}
lc_said() { # TEXT: what a tool complained of
  case $1 in
    *"No such file or directory"*) lc_fail ENOENT "$1" ;;
    *"Permission denied"*) lc_fail EACCES "$1" ;;
    *"Not a directory"* | *"ot a directory") lc_fail ENOTDIR "$1" ;;
    *"Is a directory"*) lc_fail EISDIR "$1" ;;
    *"File exists"*) lc_fail EEXIST "$1" ;;
    *"Operation not permitted"*) lc_fail EPERM "$1" ;;
    *"not empty"*) lc_fail ENOTEMPTY "$1" ;;
    *"No space left"*) lc_fail ENOSPC "$1" ;;
    *"Too many levels"* | *"Symbolic link loop"*) lc_fail ELOOP "$1" ;;
    *"Read-only file system"*) lc_fail EROFS "$1" ;;
    *"resource busy"*) lc_fail EBUSY "$1" ;;
  esac
  lc_fail - "$1"
}
lc_there() { [ -e "$1" ] || [ -L "$1" ]; }
lc_run() { # COMMAND...: complains as it does, prints nothing; nobody waits for it any more when the input ends
  # shellcheck disable=SC2069
  "$@" 2>&1 >/dev/null &
  lc_pid=$!
  { read -r _; kill "$lc_pid"; } <&3 >/dev/null 2>&1 &
  lc_watch=$!
  wait "$lc_pid"
  lc_code=$?
  kill "$lc_watch" 2>/dev/null
  return $lc_code
}

# In a directory: TO overwrite|- times|- NAME..., none of them a directory.
# shellcheck disable=SC2016
lc_each='
lc_to=$1 lc_over=$2 lc_times=$3
shift 3
[ "$lc_times" = times ] && lc_times=-p || lc_times=
for lc_name do
  if [ -e "$lc_to/$lc_name" ] || [ -L "$lc_to/$lc_name" ]; then
    [ "$lc_over" = overwrite ] || continue
    [ ! -d "$lc_to/$lc_name" ] || [ -L "$lc_to/$lc_name" ] || { echo "cp: $lc_to/$lc_name: Is a directory"; exit 1; }
    rm -f -- "$lc_to/$lc_name" || exit 1
  fi
  cp -P $lc_times -- "$lc_name" "$lc_to/$lc_name" || exit 1
done'
# The same for directories, from the top on; each gets its mode, also one that was there.
# shellcheck disable=SC2016
lc_dirs='
lc_to=$1
shift
for lc_name do
  if [ -e "$lc_to/$lc_name" ]; then
    [ -d "$lc_to/$lc_name" ] || { echo "cp: $lc_to/$lc_name: Not a directory"; exit 1; }
  else
    mkdir -p -- "$lc_to/$lc_name" || exit 1
  fi
done'
# shellcheck disable=SC2016
lc_modes='
lc_to=$1
shift
for lc_name do
  lc_mode=$(stat -c %a -- "$lc_name" 2>/dev/null || stat -f %Lp -- "$lc_name") && chmod "$lc_mode" "$lc_to/$lc_name" || exit 1
done'
# shellcheck disable=SC2016
lc_merge='
cd -- "$1" || exit 1
find . -type d -exec sh -c "$5" sh "$2" {} + || exit 1
find . ! -type d -exec sh -c "$6" sh "$2" "$3" "$4" {} + || exit 1
exec find . -depth -type d -exec sh -c "$7" sh "$2" {} +'

case $lc_verb in
  access)
    [ "$2" = - ] || [ -r "$1" ] || lc_fail EACCES "permission denied"
    [ "$3" = - ] || [ -w "$1" ] || lc_fail EACCES "permission denied"
    ;;
  remove)
    lc_there "$1" || lc_fail ENOENT "no such file or directory"
    lc_text=$(lc_run rm -rf -- "$1") || lc_said "$lc_text"
    ;;
  copy)
    lc_there "$1" || lc_fail ENOENT "no such file or directory"
    [ -L "$1" ] || [ ! -d "$1" ] || lc_tree=1
    if lc_there "$2"; then
      if [ -n "$lc_tree" ]; then
        { [ -d "$2" ] && [ ! -L "$2" ]; } || lc_fail ERR_FS_CP_DIR_TO_NON_DIR "a directory does not replace $2"
      elif [ ! -L "$2" ] && [ -d "$2" ]; then
        lc_fail ERR_FS_CP_NON_DIR_TO_DIR "$2 is a directory"
      fi
      # shellcheck disable=SC3013
      [ ! "$1" -ef "$2" ] || lc_fail ERR_FS_CP_EINVAL "$1 and $2 are the same"
    fi
    lc_above=$(dirname -- "$2" && printf .)
    lc_above=${lc_above%??}
    lc_near=$lc_above
    until [ -d "$lc_near" ]; do
      [ ! -e "$lc_near" ] || lc_fail ENOTDIR "$lc_near is not a directory"
      lc_near=$(dirname -- "$lc_near" && printf .)
      lc_near=${lc_near%??}
    done
    if [ -n "$lc_tree" ]; then
      lc_here=$(cd -P -- "$1" && pwd -P)
      lc_in=$(cd -P -- "$lc_near" && pwd -P)
      case $lc_in/ in "$lc_here"/*) lc_fail ERR_FS_CP_EINVAL "$2 is in $1" ;; esac
    fi
    lc_text=$(umask 022; mkdir -p -- "$lc_above" 2>&1) || lc_said "$lc_text"
    if [ -n "$lc_tree" ]; then
      lc_text=$(lc_run sh -c "$lc_merge" sh "$1" "$2" "$3" "$4" "$lc_dirs" "$lc_each" "$lc_modes") || lc_said "$lc_text"
    else
      lc_there "$2" && [ "$3" = - ] && exit 0
      [ ! -L "$2" ] && [ ! -e "$2" ] || rm -f -- "$2" || exit 1
      lc_times=
      [ "$4" = - ] || lc_times=-p
      # shellcheck disable=SC2086
      lc_text=$(lc_run cp -P $lc_times -- "$1" "$2") || lc_said "$lc_text"
    fi
    ;;
  file)
    lc_there "$1" || lc_fail ENOENT "no such file or directory"
    if [ -d "$1" ] || [ -d "$2" ]; then lc_fail EISDIR "is a directory"; fi
    # shellcheck disable=SC3013
    [ ! "$1" -ef "$2" ] || exit 0
    lc_text=$(lc_run cp -- "$1" "$2") || lc_said "$lc_text"
    lc_text=$(stat -L -c %a -- "$1" 2>/dev/null || stat -L -f %Lp -- "$1" 2>&1) || lc_said "$lc_text"
    lc_text=$(chmod "$lc_text" "$2" 2>&1) || lc_said "$lc_text"
    ;;
  *) lc_fail - "what is $lc_verb?" ;;
esac
