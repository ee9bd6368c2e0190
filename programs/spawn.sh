# Starts a command, or several with pipes between them, and says before whether each can be started: the second line of
# output is `started`, or `refused access|spawn missing|denied|file STAGE`. `access` is about the directory.
# Words: SESSIONS STAGE...
# A STAGE is a line of quoted words: DIRECTORY all|only COUNT [NAME=VALUE]... ARGUMENT...
# With `only`, the process has just the variables that are given.

# PATH of what is not there: sets lc_why.
lc_lack() {
  lc_why=missing lc_up=$1
  while case $lc_up in */*) true ;; *) false ;; esac; do
    lc_up=${lc_up%/*}
    if [ -z "$lc_up" ] || [ ! -e "$lc_up" ]; then continue; fi
    if [ ! -d "$lc_up" ]; then
      lc_why='file'
    elif [ ! -x "$lc_up" ]; then
      lc_why=denied
    fi
    return
  done
}

# PATH of a file that is there: sets lc_why if it cannot be run, as for want of the interpreter in its first line.
lc_try() {
  lc_why=
  if [ ! -f "$1" ] || [ ! -x "$1" ]; then lc_why=denied; return; fi
  { lc_line=$(PATH=$lc_path dd bs=2 count=1 <"$1"); } 2>/dev/null
  [ "$lc_line" = '#!' ] || return 0
  IFS= read -r lc_line <"$1"
  lc_line=${lc_line#??}
  lc_line=${lc_line#"${lc_line%%[! 	]*}"}
  [ -e "${lc_line%%[ 	]*}" ] || lc_why=missing
}

# NAME: as execvp searches. Sets lc_why, or lc_found.
lc_find() {
  lc_found=$1
  case $1 in
    */*)
      if [ -e "$1" ]; then lc_try "$1"; else lc_lack "$1"; fi
      return
      ;;
  esac
  lc_best=missing lc_ifs=$IFS IFS=:
  set -f
  for lc_each in ${PATH-/bin:/usr/bin}; do
    IFS=$lc_ifs
    lc_why=missing
    lc_found=${lc_each:-.}/$1
    if [ -e "$lc_found" ]; then lc_try "$lc_found"; fi
    case $lc_why in
      '') break ;;
      denied) lc_best=denied ;;
    esac
  done
  set +f
  IFS=$lc_ifs
  lc_why=${lc_why:+$lc_best}
}

# Leaves nothing in the environment. No `env -i`: values would show in a process list.
lc_clear() {
  # shellcheck disable=SC2013
  for lc_word in $(awk 'BEGIN { for (name in ENVIRON) print name }'); do
    case $lc_word in [0-9]* | *[!A-Za-z0-9_]* | lc_*) continue ;; esac
    command unset "$lc_word" 2>/dev/null
  done
  unset PWD OLDPWD SHLVL
}

# look|run|only, and the words of a stage. Comes back when it only looks, or with lc_why set.
lc_stage() {
  lc_act=$1
  lc_why=
  if [ ! -d "$2" ]; then
    if [ -e "$2" ]; then lc_why='spawn file'; else lc_lack "$2"; lc_why="access $lc_why"; fi
    return
  fi
  cd "$2" 2>/dev/null || { lc_why='spawn denied'; return; }
  unset OLDPWD
  lc_keep=$3 lc_more=$4
  shift 4
  [ "$lc_keep" = all ] || lc_clear
  # shellcheck disable=SC2163
  while [ "$lc_more" -gt 0 ]; do export "$1"; shift; lc_more=$((lc_more - 1)); done
  lc_find "$1"
  lc_why=${lc_why:+spawn $lc_why}
  if [ -n "$lc_why" ] || [ "$lc_act" = look ]; then return; fi
  [ "$lc_act" != only ] || echo started
  if [ -n "${PATH+set}" ]; then exec "$@"; fi
  # Without one, exec finds nothing, and one that is set now would be seen.
  shift
  exec "$lc_found" "$@"
}

lc_refuse() {
  echo "refused $lc_why $1"
  exit 125
}

lc_record "$1"
# What the setup of the runtime has left in the environment.
# shellcheck source=/dev/null
if [ -r "${1%/*}/environment" ]; then . "${1%/*}/environment"; fi
lc_path=${PATH-/bin:/usr/bin} lc_fifo=${1%/*}/pipe.$$
shift
unset lc_boot
if [ "$#" = 1 ]; then
  eval "lc_stage only $1"
  lc_refuse 0
fi
lc_number=0
for lc_text in "$@"; do
  lc_why=$(eval "lc_stage look $lc_text" >/dev/null 2>&1; printf %s "$lc_why")
  [ -z "$lc_why" ] || lc_refuse "$lc_number"
  lc_number=$((lc_number + 1))
done
echo started
# The last one takes the place of this shell: its status, and the signal that ends it, are those of the command.
while [ "$#" -gt 1 ]; do
  mkfifo -m 600 "$lc_fifo.$#" || exit 125
  exec 3<&0
  (eval "lc_stage run $1") <&3 3<&- >"$lc_fifo.$#" 2>/dev/null &
  exec 3<&- <"$lc_fifo.$#"
  rm -f -- "$lc_fifo.$#"
  shift
done
eval "lc_stage run $1"
exit 125
