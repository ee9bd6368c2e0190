# The talker: what it is told and what it says. The last lines choose the role: all three start there.

lc_ledger() {
  printf %b "$1" >"$lc_base/.$lc_id.json" && mv -f -- "$lc_base/.$lc_id.json" "$lc_base/$lc_id.json"
}

# Each event in one write: tail alone could cut a line in two, with a beat in between.
lc_follow() { # EVENTS_SEEN
  /bin/sh -c "$lc_stamp"'echo "tail $$ $lc_stat $3" >>"$1/links"; exec tail -n "+$2" -f "$1/events"' \
    lazycluster-events "$lc_state" "$(($1 + 1))" "$$" </dev/null |
    while IFS= read -r lc_line; do printf '%s\n' "$lc_line"; done &
  lc_follower=$!
}

# The tail below our follower, as a line of `links`.
lc_tails() { grep "^tail .* $$\$" "$lc_state/links" 2>/dev/null; }

# LINKS: ends our own follower.
lc_hush() {
  lc_ifs=$IFS; IFS=$lc_nl; set -f
  for lc_each in $1; do
    IFS=$lc_ifs
    # shellcheck disable=SC2086
    set -- $lc_each
    if [ "$1" = tail ] && [ "$4" = "$$" ] && lc_same "$2" "$3"; then kill "$2"; fi
  done
  set +f; IFS=$lc_ifs
  kill "$lc_follower" 2>/dev/null
}

lc_listen() {
  while IFS= read -r lc_line; do
    lc_rest=${lc_line#* }
    case $lc_line in
      'beat '*)
        # Somebody has removed it: the watchdog ends what there is, and nothing can be kept any more.
        [ -d "$lc_state" ] || break
        [ -n "$lc_own" ] || lc_own=$(lc_tails)
        lc_renew && printf 'beat %s\n' "$lc_rest"
        lc_same "$lc_dog" "$lc_dog_start" || lc_dog_alive || { lc_guard; lc_await; }
        ;;
      'start '*' '*) lc_begin "${lc_rest%% *}" "${lc_rest#* }" ;;
      'stop '*' '*) lc_stop "${lc_rest%% *}" "${lc_rest#* }" </dev/null >/dev/null & ;;
      'halt '*' '*' '*)
        # shellcheck disable=SC2086
        { set -f; set -- $lc_rest; set +f; lc_halt "$1" "$2" "$3"; } 3>&1 </dev/null >/dev/null &
        ;;
      'ledger '*) lc_ledger "$lc_rest" ;;
      'end '*) lc_end "$lc_rest" ;;
    esac
  done
}

lc_end() {
  # The manager may go before the report is read; the end goes on.
  trap '' PIPE
  lc_links=$(cat "$lc_state/links")
  # Without a state directory nobody can claim the end: the watchdog ends it as well, and twice does no harm.
  if mkdir "$lc_state/ending" 2>/dev/null || [ ! -d "$lc_state" ]; then
    lc_finish "$1"
    lc_fresh
    lc_seeds="S $lc_dog $lc_dog_start$lc_nl"
    lc_gather
    lc_signal KILL "$lc_list"
  else
    lc_time=0
    while [ -d "$lc_state" ] && [ "$lc_time" -lt 6000 ]; do lc_nap; done
  fi
  lc_hush "$lc_links$lc_nl$lc_own"
  echo ended
  exit 0
}

lc_talk() { # new|resume ID WORKING_DIRECTORY LEASE EVENTS_SEEN SETTING=VALUE... EXECUTABLE...
  lc_take=$1 lc_id=$2 lc_asked=$3 lc_lease=$4 lc_seen=$5
  HOME=${HOME:-/}
  cd "$HOME" 2>/dev/null || cd / || exit 1
  lc_base=${XDG_STATE_HOME:-$HOME/.local/state}/lazycluster
  lc_state=$lc_base/$lc_id
  lc_machine
  case $lc_id in '' | .* | *[!A-Za-z0-9._-]*) lc_refuse state 'an id is made of letters, digits, dots, dashes' ;; esac
  if [ "$lc_take" = renew ]; then lc_renew_aside; return; fi
  case $lc_lease in '' | *[!0-9]*) lc_refuse state 'the lease is a number of seconds' ;; esac
  shift 5
  lc_setup=
  while :; do
    case ${1:-} in
      setup=*) lc_setup=${1#*=} ;;
      cap=*) lc_cap=${1#*=} ;;
      *=*) ;;
      *) break ;;
    esac
    shift
  done
  case $lc_cap in '' | *[!0-9]*) lc_refuse state 'the cap is a number of bytes' ;; esac
  case $lc_take in
    new) lc_new "$lc_asked" ;;
    resume) lc_resume ;;
    *) lc_refuse state "neither new nor resume: $lc_take" ;;
  esac
  exec 2>>"$lc_state/log"
  lc_dog_alive || lc_guard
  if [ "$lc_take" = resume ]; then
    lc_unlink "$lc_links" "$lc_sshd"
    rmdir "$lc_state/ending"
  fi
  IFS= read -r lc_where <"$lc_state/directory"
  (
    eval "$lc_load"
    lc_ask
    lc_facts "$@"
  )
  lc_await
  printf 'ready %s\t%s\n' "$lc_state" "${lc_where#* }"
  lc_follow "$lc_seen"
  lc_own=
  lc_listen
  lc_hush "$(lc_tails)$lc_nl$lc_own"
  exit 0
}

case ${lc_role:-talk} in
  talk) lc_talk "$@" ;;
  *)
    lc_id=${lc_state##*/} lc_base=${lc_state%/*}
    "lc_$lc_role"
    ;;
esac
