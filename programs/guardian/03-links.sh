# The connections of a runtime. Each is recorded, so that the next talker, or the watchdog as its last act, can end those
# that were cut: sshd does not notice that for a long time.

# Records this connection: the talker, and its sshd if that is what started it. A shell between them may be; anything
# else may not, or the user's own login on the manager would be taken for ours.
lc_record_link() {
  lc_sshd=''
  lc_look "$$"
  echo "talker $$ $lc_start" >>"$lc_state/links" || return
  lc_pid=$PPID
  while [ "$lc_pid" -gt 1 ] 2>/dev/null; do
    lc_look "$lc_pid" || break
    lc_part=''
    { IFS= read -r lc_part <"/proc/$lc_pid/comm"; } 2>/dev/null
    case $lc_part in
      sshd | sshd-session)
        while read -r lc_a lc_b _; do [ "$lc_a" != Uid: ] || break; done <"/proc/$lc_pid/status"
        if [ "$lc_b" = "$(id -u)" ]; then
          lc_sshd=$lc_pid
          echo "sshd $lc_pid $lc_start" >>"$lc_state/links"
        fi
        break
        ;;
      sh | dash | ash | bash | zsh | ksh | fish | csh | tcsh | busybox) lc_pid=$lc_parent ;;
      *) break ;;
    esac
  done
  true
}

# Ends the connections recorded in LINES, but for the process SPARE, this shell and what is not what it was.
lc_unlink() {
  lc_ifs=$IFS; IFS=$lc_nl; set -f
  for lc_each in $1; do
    IFS=$lc_ifs
    # shellcheck disable=SC2086
    set -- "$1" "$2" $lc_each
    if [ "$4" = "$$" ] || [ "$4" = "$2" ] || [ "${5:-0}" = 0 ] || ! lc_same "$4" "$5"; then continue; fi
    if [ "$3" = sshd ]; then
      IFS= read -r lc_part <"/proc/$4/comm" || continue
      case $lc_part in sshd | sshd-session) ;; *) continue ;; esac
    fi
    kill -TERM "$4" 2>/dev/null
  done
  set +f; IFS=$lc_ifs
}
