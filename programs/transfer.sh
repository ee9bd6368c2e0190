# Files of this host for a transfer. Words: VERB LEASE|- ARGUMENT...; paths come as lines of standard input, escaped for
# `printf %b`, so that they may hold any bytes. What is said ends in NUL.
#   look PYTHON [follow]      PATH: what is there, then serves `read OFFSET SIZE` and a path, until the end of its input
#   open PYTHON TARGET file|directory  PATH, NAME: the same, then serves commands (see lc_serve)
#   unpack                    STAGE, then an archive: lines of hash and name
#   pack [follow]             PATH, then names, each with NUL: archives
#   hash few|many             PATH, then names, each with NUL: lines of hash and name
#   hash few BYTES            PATH: the hash of the first bytes
unset CDPATH
LC_ALL=C TZ=UTC0
export LC_ALL TZ
lc_verb=$1
[ "$2" = - ] || export LAZYCLUSTER_LEASE="$2"
shift 2
lc_keep=.lazycluster-transfer

lc_path() { # a line of input as a path that is no option of anything
  IFS= read -r lc_line || exit 1
  lc_line=$(printf '%b.' "$lc_line")
  lc_line=${lc_line%.}
  case $lc_line in
    /*) ;;
    [~]) lc_line=$HOME ;;
    [~]/*) lc_line=$HOME/${lc_line#??} ;;
    *) lc_line=./$lc_line ;;
  esac
}

# One is quick at large files, the other starts quickly and tells names that hold newlines.
lc_few="" lc_many=""
for lc_tool in "openssl dgst -sha256 -r" "sha256sum" "shasum -a 256" "python3"; do
  command -v "${lc_tool%% *}" >/dev/null || continue
  lc_few=${lc_few:-$lc_tool}
  [ "$lc_tool" = "openssl dgst -sha256 -r" ] || lc_many=${lc_many:-$lc_tool}
done
lc_many=${lc_many:-$lc_few}
lc_python='import hashlib, sys
def digest(file): made = hashlib.sha256(); [made.update(c) for c in iter(lambda: file.read(1048576), b"")]; return made
def line(name, file): return digest(file).hexdigest().encode() + b"  " + name.encode("utf8", "surrogateescape") + b"\n"
for name in sys.argv[1:]: sys.stdout.buffer.write(line(name, open(name, "rb")))
if not sys.argv[1:]: sys.stdout.buffer.write(line("-", sys.stdin.buffer))'
lc_sums() { # few|many COMMAND...: COMMAND is find or xargs, without what it shall start
  if [ "$1" = few ]; then lc_tool=$lc_few; else lc_tool=$lc_many; fi
  shift
  # shellcheck disable=SC2086
  case $1:$lc_tool in
    find:python3) "$@" -exec python3 -c "$lc_python" {} + ;;
    find:*) "$@" -exec $lc_tool {} + ;;
    *:python3) "$@" python3 -c "$lc_python" ;;
    *) "$@" $lc_tool ;;
  esac
}
lc_sum() { lc_sums few command; } # of standard input

lc_whole() { # give|take FILE OFFSET SIZE: as programs/transfer.py, whose source lc_mover is
  # Elsewhere python3 may be a stub that opens a window.
  if [ -d /proc/self ]; then
    for lc_tool in /usr/bin/python3 python3; do
      command -v "$lc_tool" >/dev/null || continue
      lc_code=0
      "$lc_tool" -I -S -c "$lc_mover" "$@" || lc_code=$?
      case $lc_code in 97 | 126 | 127) ;; *) return "$lc_code" ;; esac
    done
  fi
  case $1 in
    give)
      [ -r "$2" ] || { echo "$2: cannot be read" >&2; return 1; }
      printf 'ok\0'
      { tail -c "+$(($3 + 1))" "$2"; cat /dev/zero; } 2>/dev/null | head -c "$4"
      if [ "$(($(wc -c <"$2")))" -eq "$(($3 + $4))" ]; then lc_sum <"$2"; else printf changed; fi ;;
    take)
      dd if=/dev/null of="$2" bs=1 count=0 seek="$3" 2>/dev/null && head -c "$4" >>"$2" || return
      [ "$(($(wc -c <"$2")))" -eq "$(($3 + $4))" ] && lc_sum <"$2" ;;
  esac && printf '\0'
}

# What find cannot print by itself (busybox, BSD). There find -L may go round in circles for ever: links are entered here,
# none into a directory that it is in, and no more than eight inside one another.
# shellcheck disable=SC2016
lc_told='
lc_stats() { stat -c "%s %a %Y" "$@" 2>/dev/null || stat -f "%z %Lp %m" "$@" 2>/dev/null; }
lc_enter() { # PATH, a link to a directory
  lc_real=$(cd "$1" && pwd -P && printf .) && lc_above=$(cd "${1%/*}" && pwd -P && printf .) || return 1
  case ${lc_above%??}/ in "${lc_real%??}"/*) return 1 ;; esac
  [ "${LC_DEPTH:-0}" -lt 8 ] || return 1
  LC_DEPTH=$((${LC_DEPTH:-0} + 1)) find "$1/" -name "$LC_KEEP" -prune -o -exec sh -c "eval \"\$LC_TOLD\"" sh -L "$lc_root" {} +
}
lc_one() { # PATH SIZE MODE TIME
  lc_to=
  if [ -h "$1" ] && [ -z "$lc_follow" ]; then
    lc_kind=l
    lc_to=$(readlink "$1"; printf .)
    lc_to=${lc_to%??}
  elif [ -h "$1" ] && [ -d "$1" ]; then
    lc_enter "$1" && return
    lc_kind=o
  elif [ -d "$1" ]; then lc_kind=d
  elif [ -f "$1" ]; then lc_kind=f
  else lc_kind=o; fi
  lc_name=${1#"$lc_root"}
  lc_name=${lc_name#/}
  printf "%s %s %s %s %s\0%s\0" "$lc_kind" "$2" "$3" "$4" "${lc_name%/}" "$lc_to"
}
lc_follow=$1 lc_root=$2
shift 2
lc_some=$(lc_stats $lc_follow "$@")
if [ "$(printf "%s\n" "$lc_some" | wc -l)" -eq $# ]; then
  printf "%s\n" "$lc_some" | while read -r lc_s lc_m lc_t; do lc_one "$1" "$lc_s" "$lc_m" "$lc_t" </dev/null; shift; done
else
  for lc_each do
    lc_some=$(lc_stats $lc_follow "$lc_each") || { [ -h "$lc_each" ] || continue; lc_some="0 0 0"; }
    lc_one "$lc_each" $lc_some
  done
fi'

lc_entries() { # PATH [-L]: KIND SIZE MODE TIME NAME, then where a link points; a file has no name
  if [ -d "$1" ]; then
    set -- "$1/." "$2"
    # shellcheck disable=SC2086
    if find / -prune -printf '' 2>/dev/null; then
      find $2 "$1" -name "$lc_keep" -prune -o -printf '%y %s %m %T@ %P\0%l\0'
    else
      LC_KEEP=$lc_keep LC_TOLD=$lc_told \
        find "$1" -name "$lc_keep" -prune -o -exec sh -c 'eval "$LC_TOLD"' sh "$2" "$1" {} +
    fi
  elif [ -e "$1" ]; then
    # A link that is named is followed, as everything does.
    sh -c "$lc_told" sh -L "$1" "$1"
  elif [ -h "$1" ]; then
    printf 'o 0 0 0 \0\0'
  fi
}

lc_list() { # PATH [-L]
  # A link in a circle is a complaint of find, and none of ours.
  lc_entries "$@" || [ -n "$2" ] || lc_broken=1
  printf 'end\0'
}

lc_tools() {
  lc_has=""
  for lc_tool in tar find stat xargs mv; do command -v "$lc_tool" >/dev/null || lc_has="$lc_has $lc_tool"; done
  [ -n "$lc_few" ] || lc_has="$lc_has openssl|sha256sum|shasum|python3"
  printf 'lazycluster-transfer 1%s\0' "$lc_has"
  [ -z "$lc_has" ] || exit 0
}

lc_start() { # PID: its state, and when it started; nothing where there is no /proc
  lc_stat=""
  { IFS= read -r lc_stat <"/proc/$1/stat"; } 2>/dev/null || :
  lc_stat=${lc_stat##*) }
  # shellcheck disable=SC2086
  set -- $lc_stat
  lc_state=${1:--} lc_began=${20:--}
}

lc_owned() { # STAGE: whether its owner lives; one that has ended and that nobody has waited for does not
  lc_pid="" lc_then=""
  { read -r lc_pid lc_then <"$1/owner"; } 2>/dev/null || :
  # One that is being made does not say yet.
  [ -n "$lc_then" ] || { [ -d "$1" ] && [ "$lc_waited" -lt 20 ]; return; }
  kill -0 "$lc_pid" 2>/dev/null || return 1
  lc_start "$lc_pid"
  [ "$lc_began" = "$lc_then" ] && [ "$lc_state" != Z ]
}

lc_stage() { # makes the stage, and takes over what one that has died has left
  mkdir -p "$lc_base" && lc_base=$(cd "$lc_base" && pwd -P && printf .) || return
  lc_base=${lc_base%??}
  lc_stages=$lc_base/$lc_keep
  lc_mine=$lc_stages/$lc_target.$$
  mkdir -p "$lc_stages" && chmod 700 "$lc_stages" && mkdir -m 700 "$lc_mine" "$lc_mine/big" || return
  lc_start "$$"
  printf '%s %s\n' "$$" "$lc_began" >"$lc_mine/owner" || return
  lc_waited=0
  for lc_other in "$lc_stages/$lc_target".*; do
    if [ "$lc_other" = "$lc_mine" ] || [ ! -d "$lc_other" ]; then continue; fi
    # One whose link was cut still has to hear of it; after two seconds it is another transfer.
    while lc_owned "$lc_other"; do
      [ "$lc_waited" -lt 20 ] || continue 2
      lc_waited=$((lc_waited + 1))
      sleep 0.1 2>/dev/null || { sleep 1; lc_waited=$((lc_waited + 9)); }
    done
    # Only one can move it.
    mv "$lc_other" "$lc_stages/taken.$$" 2>/dev/null || continue
    for lc_part in "$lc_stages/taken.$$/big"/*; do
      [ ! -f "$lc_part" ] || [ -e "$lc_mine/big/${lc_part##*/}" ] || mv "$lc_part" "$lc_mine/big/"
    done
    [ -d "$lc_mine/tree" ] || [ ! -d "$lc_stages/taken.$$/tree" ] || mv "$lc_stages/taken.$$/tree" "$lc_mine/tree"
    rm -rf "$lc_stages/taken.$$"
  done
  [ -d "$lc_mine/tree" ] || mkdir -m 700 "$lc_mine/tree"
}

lc_move() ( # FROM TO: what is in one directory into another that is there
  find "$1/." ! -name . -prune ! -type d -exec sh -c 'lc_to=$1; shift; exec mv -f -- "$@" "$lc_to/"' sh "$2" {} + || exit
  lc_from=$1 lc_to=$2
  shift 2
  for lc_sub in "$lc_from"/*/ "$lc_from"/.[!.]*/ "$lc_from"/..?*/; do
    [ -d "$lc_sub" ] || continue
    lc_sub=${lc_sub%/}
    lc_at=$lc_to/${lc_sub##*/}
    if [ -h "$lc_at" ]; then
      echo "$lc_at is a link" >&2
      exit 1
    elif [ -e "$lc_at" ]; then
      lc_move "$lc_sub" "$lc_at" || exit
    else
      set -- "$@" "$lc_sub"
      [ $# -lt 100 ] || { mv -f -- "$@" "$lc_to/" || exit; set --; }
    fi
  done
  [ $# -eq 0 ] || mv -f -- "$@" "$lc_to/"
)

lc_set() { # MODE TIME PATH; some have no fractions of a second
  { touch -c -h -d "$2" "$3" || touch -c -t "$(echo "${2%%.*}" | sed 's/[-T]//g; s/://; s/:/./')" "$3"; } 2>/dev/null
  chmod "$1" "$3"
}

lc_parent() {
  lc_up=${1%/*}
  [ -d "$lc_up" ] || mkdir -p "$lc_up"
}

lc_serve() { # COMMAND ARGUMENT...; paths are below the root
  case $1 in
    stage) lc_stage && printf '%s\0' "$lc_mine" && lc_list "$lc_mine/tree" && lc_list "$lc_mine/big" ;;
    append) # KEY OFFSET SIZE, then content; where that fails, what comes next is no command
      (umask 077 && lc_whole take "$lc_mine/big/$2" "$3" "$4") || { printf 'no\0'; exit 1; } ;;
    prefix) head -c "$3" "$lc_mine/big/$2" | lc_sum && printf '\0' ;;
    place) # KEY MODE TIME, PATH
      lc_path && lc_parent "$lc_mine/tree/${lc_line#./}" && lc_set "$3" "$4" "$lc_mine/big/$2" &&
        mv -f -- "$lc_mine/big/$2" "$lc_mine/tree/${lc_line#./}" ;;
    publish)
      if [ -d "$lc_root" ]; then lc_move "$lc_mine/tree" "$lc_root"
      else mv -f -- "$lc_mine/tree" "$lc_root"; fi ;;
    make) # MODE: the root, when it is a directory that is not there
      chmod "$2" "$lc_mine/tree" ;;
    set) lc_path && lc_set "$2" "$3" "$lc_root/${lc_line#./}" ;;
    end)
      rm -rf "$lc_mine"
      rmdir "$lc_stages" 2>/dev/null || :
      lc_mine= ;;
    *) echo "unknown: $1" >&2; return 1 ;;
  esac
}

case $lc_verb in
  look)
    lc_path
    lc_tools
    printf '%s\0' "$lc_line"
    lc_mover=$1 lc_follow=
    [ "$2" != follow ] || lc_follow=-L
    lc_broken=""
    lc_list "$lc_line" "$lc_follow"
    # What could not be listed would be missing without a word.
    [ -z "$lc_broken" ] || { printf 'no\0'; exit 1; }
    printf 'ok\0'
    while read -r lc_verb lc_offset lc_size; do
      lc_path
      lc_whole give "$lc_line" "$lc_offset" "$lc_size" || { printf 'no\0'; exit 1; }
      printf 'ok\0'
    done ;;
  open)
    lc_mover=$1 lc_target=$2 lc_kind=$3 lc_mine=
    lc_path
    lc_root=$lc_line
    lc_path
    lc_name=${lc_line#./}
    lc_tools
    case $lc_kind:$lc_root in
      file:*/) lc_root=$lc_root$lc_name ;;
      file:*) [ ! -d "$lc_root" ] || lc_root=$lc_root/$lc_name ;;
      *:*/) lc_root=$lc_root$lc_name ;;
    esac
    if [ "$lc_kind" = file ]; then
      lc_name=${lc_root##*/} lc_base=${lc_root%/*}/
    else
      lc_base=${lc_root%/*}/
      [ ! -d "$lc_root" ] || lc_base=$lc_root
    fi
    printf '%s\0' "$lc_root"
    lc_list "$lc_root" ""
    [ "$lc_kind" != file ] || lc_root=$lc_base
    while IFS= read -r lc_command; do
      # shellcheck disable=SC2086
      if lc_serve $lc_command; then printf 'ok\0'; else printf 'no\0'; fi
    done
    # What can be gone on with stays.
    [ -z "$lc_mine" ] || rmdir "$lc_mine/big" "$lc_mine/tree" 2>/dev/null && rm -rf "$lc_mine" && rmdir "$lc_stages"
    exit 0 ;;
  unpack)
    lc_path
    cd "$lc_line/tree" && tar -xpof - && lc_sums many find . -type f ;;
  pack)
    lc_path
    if [ "$1" = follow ]; then lc_flags=-chf; else lc_flags=-cf; fi
    # GNU tar takes backslashes in names for escapes unless told.
    if tar --no-unquote --version >/dev/null 2>&1; then set -- --no-unquote; else set --; fi
    cd "$lc_line" && exec xargs -0 tar "$@" "$lc_flags" - ;;
  hash)
    lc_path
    [ -z "$2" ] || { head -c "$2" "$lc_line" | lc_sum; exit; }
    cd "$lc_line" && lc_sums "$1" xargs -0 ;;
esac
