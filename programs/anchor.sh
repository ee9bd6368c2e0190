# Stands on a further connection of a host, so that the guardian ends that one too when it has been cut.
# Words: STATE
umask 077
lc_start=0 lc_parent=0
lc_look() { # PID: its start time and parent; its name may hold anything
  lc_text=
  { while IFS= read -r lc_part; do lc_text=$lc_text$lc_part; done <"/proc/$1/stat"; } 2>/dev/null
  [ -n "$lc_text" ] || return 1
  # shellcheck disable=SC2086
  set -- ${lc_text##*) }
  lc_start=${20} lc_parent=$2
}
lc_look "$$"
echo "anchor $$ $lc_start" >>"$1/links" || exit 1
lc_pid=$PPID
# As lc_record_link in guardian/03-links.sh.
while [ "$lc_pid" -gt 1 ] 2>/dev/null && lc_look "$lc_pid"; do
  IFS= read -r lc_part <"/proc/$lc_pid/comm" || break
  case $lc_part in
    sshd | sshd-session)
      while read -r lc_key lc_user _; do [ "$lc_key" != Uid: ] || break; done <"/proc/$lc_pid/status"
      [ "$lc_user" != "$(id -u)" ] || echo "sshd $lc_pid $lc_start" >>"$1/links"
      break
      ;;
    sh | dash | ash | bash | zsh | ksh | fish | csh | tcsh | busybox) lc_pid=$lc_parent ;;
    *) break ;;
  esac
done
while IFS= read -r _; do :; done
