# What the conformance suite of the Ssh service has a host do. Words: VERB [WORD]...
lc_verb=$1
shift
# shellcheck disable=SC2012 # `look` is about what ls says
case $lc_verb in
  # Each further word, and a NUL behind it.
  words) for lc_word; do printf '%s\0' "$lc_word"; done ;;
  # STDOUT STDERR CODE
  say)
    printf %s "$1"
    printf %s "$2" >&2
    exit "$3"
    ;;
  # SIGNAL
  die)
    kill -s "$1" "$$"
    exec sleep 5
    ;;
  # Standard input, and a word on the other output.
  copy)
    cat
    echo 'done' >&2
    ;;
  # TEXT, and the first line of standard input behind it.
  answer)
    IFS= read -r lc_line
    printf '%s %s\n' "$1" "$lc_line"
    ;;
  # Blocks of 64 KiB.
  zeros) exec dd if=/dev/zero bs=65536 count="$1" 2>/dev/null ;;
  # Says that it is there, and takes all that comes.
  hold)
    echo up
    cat >/dev/null
    ;;
  # Says that it is there, takes nothing, and ends when nobody hears it any more.
  deaf) while echo up; do sleep 1; done ;;
  # Closes both outputs while it lives.
  mute)
    exec >&- 2>&-
    IFS= read -r lc_line
    exit 5
    ;;
  # FILE: one more line at the start, and one at the end of standard input.
  mark)
    echo start >>"$1"
    cat >/dev/null
    echo end >>"$1"
    ;;
  place) printf '%s\n' "$HOME" "$PWD" ;;
  show) exec cat -- "$1" ;;
  # DIRECTORY COUNT
  many)
    lc_count=0
    while [ "$lc_count" -lt "$2" ]; do
      : >"$1/$lc_count"
      lc_count=$((lc_count + 1))
    done
    ;;
  # TARGET PATH
  link) exec ln -s -- "$1" "$2" ;;
  # What `ls -l` shows of the kind and mode of a path.
  look) ls -ld -- "$1" | cut -c1-10 ;;
  # A socket that nobody listens on.
  dead) exec python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1" ;;
  remove) exec rm -rf -- "$1" ;;
esac
