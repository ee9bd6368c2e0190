# Keeps the path of a Unix socket that sshd is to listen on: says whether it may be bound, and removes the file at the end of
# input, whether the manager has closed this channel or has died. sshd itself leaves the file.
# Words: PATH.
# Says, at first and after `look` and `remove`: `free`, `socket` (one of this user: does anybody listen on it?), `taken`,
# `nowhere` (there is no such directory), `locked` (one that this user may not write).
# Hears `remove` (the socket is dead), `bind` (from now on the file may be ours), `bound` (it is), `look`.
trap : HUP INT TERM
lc_path=$1
# shellcheck disable=SC2012 # a number comes first, and find has no option for it everywhere
lc_inode() { ls -di -- "$lc_path" 2>/dev/null | awk '{ print $1; exit }'; }
lc_look() {
  lc_seen=
  if [ -S "$lc_path" ] && [ ! -L "$lc_path" ] && [ -O "$lc_path" ]; then
    lc_seen=$(lc_inode)
    echo socket
  elif [ -e "$lc_path" ] || [ -L "$lc_path" ]; then
    echo taken
  elif [ ! -d "${lc_path%/*}/" ]; then
    echo nowhere
  elif [ ! -w "${lc_path%/*}/" ]; then
    echo locked
  else
    echo free
  fi
}
lc_ours=
lc_look
while read -r lc_word; do
  case $lc_word in
    remove)
      [ "$(lc_inode)" != "$lc_seen" ] || rm -f -- "$lc_path"
      lc_look
      ;;
    bind) lc_ours=any ;;
    bound)
      # Where StreamLocalBindMask of sshd allows more.
      chmod 600 "$lc_path"
      lc_ours=$(lc_inode)
      echo held
      ;;
    look)
      lc_ours=
      lc_look
      ;;
  esac
done
[ -S "$lc_path" ] || exit 0
case $lc_ours in
  '') ;;
  any | "$(lc_inode)") rm -f -- "$lc_path" ;;
esac
