# Says which runtimes of this user have left their mark on this host, and which of their processes live. Changes nothing.
# It begins with guardian/01-identity.sh; guardian/01-ground.sh tells where things lie.
# A line each:
#   host HOSTNAME
#   runtime ID WHERE WATCHDOG LEASE SILENCE   WHERE: here, earlier (before the last boot) or elsewhere (on another machine);
#                                             WATCHDOG: up or down; seconds, `-` for what nobody knows
#   ledger ID JSON
#   long ID BYTES                             a ledger that is none: nobody writes so much
#   process ID PID START                      named in the ledger, and lives
#   session ID PID START PROGRAM              was run beside those, and lives
#   more COUNT                                so many are not told
#   done

lc_most=500 lc_longest=262144
HOME=${HOME:-/}
cd "$HOME" 2>/dev/null || cd / || exit 1
lc_base=${XDG_STATE_HOME:-$HOME/.local/state}/lazycluster
lc_machine

# SECONDS since a file was written, by the clock of this host: as lc_age.
lc_old() {
  lc_age=$(stat -c %Y "$1" 2>/dev/null || stat -f %m "$1" 2>/dev/null)
  case $lc_age in '' | *[!0-9]*) lc_age=- ;; *) lc_age=$((lc_now - lc_age)) ;; esac
  case $lc_age in -?*) lc_age=0 ;; esac
}

lc_runtime() {
  lc_state=$lc_base/$lc_id
  lc_a='' lc_b='' lc_part=''
  { IFS= read -r lc_a; IFS= read -r lc_b; IFS= read -r lc_part; } 2>/dev/null <"$lc_state/boot"
  lc_where='-'
  if [ -e "$lc_state/boot" ]; then
    lc_where=here
    [ "$lc_a" = "$lc_boot_id" ] || lc_where=earlier
    if [ "$lc_b" != "$lc_here" ] || { [ "$lc_where" = here ] && [ "$lc_part" != "$lc_numbers" ]; }; then lc_where=elsewhere; fi
  fi
  lc_c='' lc_d='' lc_up=down
  { read -r lc_c lc_d <"$lc_state/watchdog"; } 2>/dev/null
  if [ "$lc_where" = here ] && [ -n "$lc_d" ] && lc_same "$lc_c" "$lc_d"; then lc_up=up; fi
  lc_lease=-
  { read -r _ _ lc_lease <"$lc_state/beat"; } 2>/dev/null
  case $lc_lease in '' | *[!0-9]*) lc_lease=- ;; esac
  lc_old "$lc_state/beat"
  printf 'runtime %s %s %s %s %s\n' "$lc_id" "$lc_where" "$lc_up" "$lc_lease" "$lc_age"
}

lc_sessions() {
  [ "$lc_where" = here ] && [ -r "$lc_state/sessions" ] || return 0
  while read -r lc_a lc_b _; do
    if [ -z "$lc_b" ] || ! lc_same "$lc_a" "$lc_b"; then continue; fi
    lc_part=
    { IFS= read -r lc_part <"/proc/$lc_a/comm"; } 2>/dev/null
    printf 'session %s %s %s %s\n' "$lc_id" "$lc_a" "$lc_b" "$lc_part"
  done <"$lc_state/sessions"
}

lc_ledger() {
  lc_file=$lc_base/$lc_id.json
  [ -f "$lc_file" ] || return 0
  lc_size=$(wc -c <"$lc_file") || return 0
  lc_size=$((lc_size))
  if [ "$lc_size" -gt "$lc_longest" ]; then printf 'long %s %s\n' "$lc_id" "$lc_size"; return; fi
  printf 'ledger %s ' "$lc_id"
  LC_ALL=C tr -d '\000-\037\177' <"$lc_file"
  echo
  [ "$lc_where" = here ] || return 0
  LC_ALL=C tr ',' '\n' <"$lc_file" | sed -n 's/^"pid":\([0-9]\{1,10\}\)$/\1/p' | sort -u | while read -r lc_pid; do
    if lc_look "$lc_pid"; then printf 'process %s %s %s\n' "$lc_id" "$lc_pid" "$lc_start"; fi
  done
}

lc_now=$(date +%s)
printf 'host %s\n' "$(uname -n)"
lc_seen=' ' lc_told=0
for lc_entry in "$lc_base"/*.json "$lc_base"/*/; do
  [ -e "$lc_entry" ] || continue
  lc_id=${lc_entry%/} lc_id=${lc_id##*/} lc_id=${lc_id%.json}
  case $lc_id in '' | .* | *[!A-Za-z0-9._-]*) continue ;; esac
  case $lc_seen in *" $lc_id "*) continue ;; esac
  lc_seen="$lc_seen$lc_id " lc_told=$((lc_told + 1))
  [ "$lc_told" -le "$lc_most" ] || continue
  lc_runtime
  lc_ledger
  lc_sessions
done
[ "$lc_told" -le "$lc_most" ] || echo "more $((lc_told - lc_most))"
echo 'done'
