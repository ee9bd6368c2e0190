# What of the machine's cores and memory we may use: affinity, and the quotas of cgroups of both versions.

# Hundredths of a core that affinity leaves.
lc_affinity() {
  lc_cores=0 lc_allowed=
  { while read -r lc_a lc_b _; do
    if [ "$lc_a" = Cpus_allowed_list: ]; then lc_allowed=$lc_b; break; fi
  done <"/proc/$$/status"; } 2>/dev/null
  lc_ifs=$IFS; IFS=,
  for lc_each in $lc_allowed; do lc_cores=$((lc_cores + ${lc_each#*-} - ${lc_each%-*} + 1)); done
  IFS=$lc_ifs
  [ "$lc_cores" -gt 0 ] || lc_cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 1)
  lc_cores=$((lc_cores * 100))
}

lc_quota() { # QUOTA PERIOD
  case $1$2 in '' | *[!0-9]*) return ;; esac
  if [ "$2" -gt 0 ] && [ $(($1 * 100 / $2)) -lt "$lc_cores" ]; then lc_cores=$(($1 * 100 / $2)); fi
}

lc_limit() { # BYTES
  case $1 in '' | *[!0-9]*) return ;; esac
  # Version 1 says "none" with nearly 2^63.
  if [ "${#1}" -lt 19 ] && { [ "$lc_memory" = 0 ] || [ "$1" -lt "$lc_memory" ]; }; then lc_memory=$1; fi
}

# The quotas of this directory and of all above it: the least one counts.
lc_climb() { # TOP BELOW
  lc_dir=$1$2
  [ -d "$lc_dir" ] || lc_dir=$1
  while :; do
    lc_a='' lc_b=''
    [ ! -r "$lc_dir/cpu.max" ] || { read -r lc_a lc_b <"$lc_dir/cpu.max"; lc_quota "$lc_a" "$lc_b"; }
    if [ -r "$lc_dir/cpu.cfs_quota_us" ]; then
      read -r lc_a <"$lc_dir/cpu.cfs_quota_us" && read -r lc_b <"$lc_dir/cpu.cfs_period_us" && lc_quota "$lc_a" "$lc_b"
    fi
    for lc_each in memory.max memory.limit_in_bytes; do
      lc_a=
      [ ! -r "$lc_dir/$lc_each" ] || { read -r lc_a <"$lc_dir/$lc_each"; lc_limit "$lc_a"; }
    done
    case ${lc_dir#"$1"} in ?*/* | /?*) lc_dir=${lc_dir%/*} ;; *) break ;; esac
  done
}

lc_cgroups() {
  lc_mounts=$(grep ' - cgroup' "/proc/$$/mountinfo" 2>/dev/null) || return
  while IFS=: read -r _ lc_which lc_path; do
    lc_ifs=$IFS; IFS=$lc_nl; set -f
    for lc_each in $lc_mounts; do
      IFS=' '
      # shellcheck disable=SC2086
      set -- $lc_each
      IFS=$lc_nl
      case $lc_which,${lc_each##* - } in
        ,'cgroup2 '*) ;;
        cpu,'cgroup '* | cpu,*,'cgroup '* | *,cpu,'cgroup '* | *,cpu,*,'cgroup '* | memory,'cgroup '*)
          # The mount of just these controllers.
          case ,${lc_each##* }, in *",$lc_which,"*) ;; *) continue ;; esac
          ;;
        *) continue ;;
      esac
      case $lc_path in
        "$4"*) [ "$4" = / ] && lc_below=$lc_path || lc_below=${lc_path#"$4"} ;;
        *) lc_below= ;;
      esac
      [ "$lc_below" != / ] || lc_below=
      IFS=$lc_ifs; set +f
      lc_climb "$5" "$lc_below"
      IFS=$lc_nl; set -f
    done
    set +f; IFS=$lc_ifs
  done <"/proc/$$/cgroup"
}
