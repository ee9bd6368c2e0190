# A runtime begins: a new one, one that is taken over, and what the ones before left behind.

lc_refuse() {
  printf 'refused %s %s\n' "$1" "$2"
  exit 1
}

# What earlier boots of this machine left behind; and a runtime whose watchdog was killed gets a new one. Homes may be
# shared, so a runtime of another machine is none of our business.
lc_sweep() {
  [ -n "$lc_boot_id" ] || return 0
  for lc_state in "$lc_base"/*/; do
    lc_state=${lc_state%/}
    lc_a='' lc_b='' lc_part=''
    { IFS= read -r lc_a; IFS= read -r lc_b; IFS= read -r lc_part; } 2>/dev/null <"$lc_state/boot" || [ -n "$lc_b" ] || continue
    if [ "$lc_b" != "$lc_here" ]; then continue; fi
    if [ "$lc_a" = "$lc_boot_id" ]; then
      # Containers of one machine may share its name and a home: a number means another process in each.
      [ "$lc_part" = "$lc_numbers" ] || continue
      { IFS=' ' read -r _ lc_c lc_d <"$lc_state/links"; } 2>/dev/null || continue
      # A talker that still lives may be about to start it.
      lc_same "$lc_c" "$lc_d" || lc_dog_alive || lc_guard
      continue
    fi
    lc_where=
    { IFS= read -r lc_where <"$lc_state/directory"; } 2>/dev/null
    case $lc_where in "temporary "*/lazycluster-"${lc_state##*/}".*) lc_remove "${lc_where#* }" ;; esac
    rm -f -- "$lc_state.json"
    lc_remove "$lc_state"
  done
}

lc_directory() { # WORKING_DIRECTORY or nothing
  if [ -z "$1" ]; then
    lc_where=$(mktemp -d "${TMPDIR:-/tmp}/lazycluster-$lc_id.XXXXXX" 2>/dev/null) || {
      lc_where=${TMPDIR:-/tmp}/lazycluster-$lc_id.$$
      mkdir "$lc_where" 2>/dev/null || return 1
    }
    echo "temporary $lc_where" >"$lc_state/directory"
    return
  fi
  lc_where=$1
  # shellcheck disable=SC2088
  case $lc_where in
    '~') lc_where=$HOME ;;
    '~/'*) lc_where=$HOME/${lc_where#'~/'} ;;
    /*) ;;
    *) lc_where=$HOME/$lc_where ;;
  esac
  case $lc_where in *"$lc_nl"* | *"$lc_tab"*) lc_error='a path with a newline or tab'; return 1 ;; esac
  lc_error=$(umask "$lc_umask"; mkdir -p -- "$lc_where" 2>&1) || return 1
  lc_error=$(mkdir -- "$lc_where/.lazycluster-$lc_id" 2>&1) || return 1
  rmdir -- "$lc_where/.lazycluster-$lc_id"
  echo "kept $lc_where" >"$lc_state/directory"
}

lc_new() { # WORKING_DIRECTORY
  lc_error=$(mkdir -p -- "$lc_base" 2>&1 && lc_sweep >/dev/null 2>&1; mkdir -- "$lc_base/$lc_id" 2>&1) ||
    lc_refuse state "$lc_base/$lc_id: ${lc_error##*: }"
  if ! { printf %b "$lc_boot" >"$lc_state/guardian" && printf '%s\n%s\n%s\n' "$lc_boot_id" "$lc_here" "$lc_numbers" >"$lc_state/boot" &&
    echo "$lc_cap" >"$lc_state/cap" && true >"$lc_state/events" && true >"$lc_state/sessions" && lc_record_link && lc_renew; }; then
    lc_remove "$lc_state"
    lc_refuse state "$lc_state cannot be written"
  fi
  lc_error=
  if ! lc_directory "$1"; then
    lc_remove "$lc_state"
    lc_refuse directory "${1:-${TMPDIR:-/tmp}}: ${lc_error##*: }"
  fi
  [ -z "$lc_setup" ] || lc_prepare "$lc_setup"
}

lc_resume() {
  lc_a=
  { IFS= read -r lc_a <"$lc_state/boot"; } 2>/dev/null || lc_refuse gone "$lc_state is not there"
  [ "$lc_a" = "$lc_boot_id" ] || lc_refuse gone 'the host was started anew'
  # The same claim that the watchdog makes: either it ends the runtime or we have it.
  mkdir "$lc_state/ending" 2>/dev/null || lc_refuse gone 'the lease has run out'
  lc_renew || lc_refuse state "$lc_state/beat cannot be written"
  lc_links=$(cat "$lc_state/links" 2>/dev/null)
  lc_record_link
}

# The lease alone, over a connection of its own: a stalled one needs as long again to recover as it was away.
lc_renew_aside() {
  { read -r _ _ lc_lease <"$lc_state/beat"; } 2>/dev/null || lc_refuse gone "$lc_state is not there"
  lc_renew || lc_refuse state "$lc_state/beat cannot be written"
  [ ! -d "$lc_state/ending" ] || lc_refuse gone 'the lease has run out'
  echo renewed
}
