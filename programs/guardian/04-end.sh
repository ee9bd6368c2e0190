# The end of a runtime: its processes, its working directory, its state.

# TENTHS: ends all that is ours and says what became of it. Whoever calls it has claimed `ending`.
lc_finish() {
  lc_fresh
  lc_seed_all; lc_gather
  lc_signal TERM "$lc_list"
  while [ -n "$lc_list" ] && [ "$lc_time" -lt $(($1 * 10)) ]; do
    lc_nap; lc_renew
    lc_seed_all; lc_gather
    lc_signal TERM "$lc_list"
  done
  lc_round=0
  while [ -n "$lc_list" ] && [ "$lc_round" -lt 20 ]; do
    lc_signal KILL "$lc_list"
    lc_nap; lc_renew
    lc_seed_all; lc_gather
    lc_round=$((lc_round + 1))
  done
  lc_killed=0 lc_left=0 lc_ifs=$IFS; IFS=$lc_nl; set -f
  for lc_each in $lc_sent; do case $lc_each in KILL*) lc_killed=$((lc_killed + 1)) ;; esac; done
  for lc_each in $lc_list; do
    lc_left=$((lc_left + 1))
    lc_after=${lc_each#* }
    printf 'report left %s %s\n' "${lc_each%% *}" "${lc_after#* }"
  done
  set +f; IFS=$lc_ifs
  [ -n "$lc_seen_table" ] || echo 'report left 0 (the process table cannot be read)'
  printf 'report ended %s\nreport killed %s\n' "$((lc_count - lc_left))" "$((lc_killed - lc_left))"
  # The wrappers go by themselves once their processes have gone.
  lc_round=0
  while [ -n "$lc_wraps" ] && [ "$lc_round" -lt 30 ]; do
    [ "$lc_round" -lt 20 ] || lc_signal KILL "$lc_wraps"
    lc_nap
    lc_seed_all; lc_gather
    lc_round=$((lc_round + 1))
  done
  { IFS= read -r lc_where <"$lc_state/directory"; } 2>/dev/null
  case $lc_where in
    'temporary '*)
      if lc_remove "${lc_where#* }"; then lc_word=removed; else lc_word=stuck; fi
      echo "report $lc_word ${lc_where#* }"
      ;;
    'kept '*) echo "report $lc_where" ;;
  esac
  lc_links=$(cat "$lc_state/links" 2>/dev/null)
  rm -f -- "$lc_base/$lc_id.json" "$lc_base/.$lc_id.json"
  lc_remove "$lc_state" || lc_remove "$lc_state" || echo "report stuck $lc_state"
}
