# Claims GPUs of this machine for a runtime, so that no other of the same user gets them. Words: `claim STATE TOKEN BY INDEX...`,
# which says `held`, or `taken INDEX ID BEAT LEASE BY` with the runtime that has it, its last beat, the seconds of its lease, and
# then holds none; `free STATE TOKEN INDEX...` says `freed`. STATE is the guardian's state directory. A claim is a file of it: it
# goes with the runtime, whatever happens.
lc_do=$1 lc_state=$2 lc_token=$3
shift 3

lc_free() { # INDEX...: only what this token has claimed
  for lc_each; do
    lc_a=''
    { read -r lc_a _ <"$lc_state/gpu-$lc_each"; } 2>/dev/null
    if [ "$lc_a" = "$lc_token" ]; then rm -f -- "$lc_state/gpu-$lc_each"; fi
  done
}

if [ "$lc_do" = free ]; then
  lc_free "$@"
  echo freed
  exit 0
fi
lc_by=$1
shift

lc_taken() { # INDEX DIRECTORY
  # shellcheck disable=SC2086
  lc_free $lc_all
  lc_who='' lc_a='' lc_b='' lc_c=''
  { read -r _ lc_who <"$2/gpu-$1"; } 2>/dev/null
  { read -r lc_a lc_b lc_c <"$2/beat"; } 2>/dev/null
  printf 'taken %s %s %s %s %s\n' "$1" "${2##*/}" "${lc_a:-0}.${lc_b:-0}" "${lc_c:-0}" "$lc_who"
  exit 0
}

lc_boot=$(cat "$lc_state/boot") || exit 1
lc_all=$*
case $lc_all in *[!0-9\ ]*) exit 2 ;; esac
for lc_gpu; do
  if ! (umask 077; set -C; printf '%s %s\n' "$lc_token" "$lc_by" >"$lc_state/gpu-$lc_gpu") 2>/dev/null; then
    [ -e "$lc_state/gpu-$lc_gpu" ] || exit 1
    lc_taken "$lc_gpu" "$lc_state"
  fi
  # Claimed before it looks: of two at the same time no more than one gets it.
  for lc_file in "${lc_state%/*}"/*/"gpu-$lc_gpu"; do
    lc_other=${lc_file%/*}
    if [ "$lc_other" = "$lc_state" ] || [ ! -e "$lc_file" ]; then continue; fi
    # A home may be shared by machines, and what an earlier boot has left holds nothing.
    [ "$(cat "$lc_other/boot" 2>/dev/null)" = "$lc_boot" ] || continue
    lc_taken "$lc_gpu" "$lc_other"
  done
done
echo held
