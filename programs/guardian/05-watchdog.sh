# The watchdog: it ends the runtime when no beat has come for as long as the lease lasts, and looks after what runs.

lc_detach() { # argv: a session of its own, no descriptor of the channel, not our child
  if command -v setsid >/dev/null; then
    (setsid "$@" </dev/null >/dev/null 2>>"$lc_state/log" &)
  elif command -v perl >/dev/null; then
    (perl -e 'use POSIX; POSIX::setsid(); exec @ARGV' -- "$@" </dev/null >/dev/null 2>>"$lc_state/log" &)
  elif command -v python3 >/dev/null; then
    (python3 -c 'import os,sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])' "$@" \
      </dev/null >/dev/null 2>>"$lc_state/log" &)
  else
    ("$@" </dev/null >/dev/null 2>>"$lc_state/log" &)
  fi
}

# Starts the watchdog.
lc_guard() { lc_detach /bin/sh -c "$lc_again" lazycluster-watchdog watch "$lc_state" ''; }

lc_dog_alive() {
  lc_dog='' lc_dog_start=''
  { read -r lc_dog lc_dog_start <"$lc_state/watchdog"; } 2>/dev/null
  [ -n "$lc_dog_start" ] && lc_same "$lc_dog" "$lc_dog_start"
}

# The watchdog stands before anything is promised.
lc_await() {
  lc_time=0
  until lc_dog_alive || [ "$lc_time" -gt 1000 ]; do lc_nap; done
}

# Drops the oldest of an output that is over the cap, and says so. Where the file system can make holes, the newest half
# of the cap stays and every offset means what it meant; else the file is emptied.
lc_cut() {
  find "$lc_state" -name '*.*' -size "+${lc_cap}c" 2>/dev/null | while IFS= read -r lc_file; do
    case $lc_file in *.out | *.err) ;; *) continue ;; esac
    lc_size=$(($(wc -c <"$lc_file")))
    lc_which=${lc_file##*/}
    lc_part=${lc_which%.*}.hole-${lc_which##*.}
    lc_which="${lc_which%.*} ${lc_which##*.}"
    lc_from=0
    { read -r lc_from <"$lc_state/$lc_part"; } 2>/dev/null
    [ $((lc_size - lc_from)) -gt "$lc_cap" ] || continue
    lc_to=$(((lc_size - lc_cap / 2) / 4096 * 4096))
    # Written before it is done: whoever reads zeros looks there.
    if { echo "$lc_to" >"$lc_state/.$lc_part" && mv -f -- "$lc_state/.$lc_part" "$lc_state/$lc_part" &&
      fallocate -p -o "$lc_from" -l "$((lc_to - lc_from))" "$lc_file"; } 2>/dev/null; then
      echo "event dropped $lc_which $lc_to" >>"$lc_state/events"
    else
      true >"$lc_file"
      rm -f -- "$lc_state/$lc_part"
      echo "event cut $lc_which $lc_size" >>"$lc_state/events"
    fi
  done
}

# A wrapper that somebody killed cannot say that its process has ended, nor end the rest of its session.
lc_bereaved() {
  for lc_file in "$lc_state"/*.wrap; do
    lc_c=''
    { read -r lc_c lc_d <"$lc_file"; } 2>/dev/null
    if [ -z "$lc_c" ] || lc_same "$lc_c" "$lc_d"; then continue; fi
    # It removes its file before it goes: only if that is still there it was killed.
    lc_text=''
    { IFS= read -r lc_text <"$lc_file"; } 2>/dev/null
    [ "$lc_text" = "$lc_c $lc_d" ] || continue
    lc_name=${lc_file##*/} lc_name=${lc_name%.wrap}
    lc_seeds="W $lc_c $lc_d$lc_nl"
    lc_close 0 0 20
    rm -f -- "$lc_file" "$lc_state/$lc_name.run" "$lc_state/$lc_name.pid"
    echo "event exited $lc_name 137" >>"$lc_state/events"
  done
}

# Strikes sessions that are empty off the list: their numbers may come again as somebody else's.
lc_prune() {
  lc_fresh
  lc_seeds=$(lc_lines S "$lc_state/sessions"; lc_lines C "$lc_state/closed")$lc_nl
  lc_scan -v prune=1 >>"$lc_state/closed"
}

lc_watch() {
  cd / || exit 1
  lc_now=
  trap '' HUP INT PIPE
  # The machine goes down, or somebody wants us gone: with all that is ours, then.
  trap 'lc_now=1' TERM
  { read -r lc_cap <"$lc_state/cap"; } 2>/dev/null
  lc_look "$$"
  echo "$$ $lc_start" >"$lc_state/watchdog"
  IFS= read -r lc_where <"$lc_state/directory"
  lc_quiet=0 lc_tick=0 lc_last='' lc_most=30
  while :; do
    sleep 1
    # Somebody has removed it: what carries the lease is found without.
    [ -d "$lc_state" ] || lc_now=1
    lc_a='' lc_b='' lc_c=''
    { read -r lc_a lc_b lc_c <"$lc_state/beat"; } 2>/dev/null
    if [ "$lc_a $lc_b" = "$lc_last" ]; then lc_quiet=$((lc_quiet + 1)); else lc_quiet=0 lc_last="$lc_a $lc_b"; fi
    [ -z "$lc_c" ] || lc_most=$lc_c
    lc_tick=$((lc_tick + 1))
    lc_bereaved
    [ $((lc_tick % 2)) != 0 ] || lc_cut
    [ $((lc_tick % 30)) != 0 ] || lc_prune
    if [ -z "$lc_now" ] && [ "$lc_quiet" -lt "$lc_most" ]; then continue; fi
    # A claim whose owner has said nothing for so long is nobody's.
    if [ ! -d "$lc_state" ] || mkdir "$lc_state/ending" 2>/dev/null || [ "$lc_quiet" -ge $((lc_most + 10)) ]; then
      lc_finish 20
      # The last act: sshd keeps a cut connection, and the ports that it listens on, for minutes to hours.
      lc_unlink "$lc_links" ''
      exit 0
    fi
  done
}
