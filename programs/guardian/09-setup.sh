# The user's line of setup (`module load`, `conda activate`): run once in the login shell. What it leaves in the environment
# is kept in a file that everything which is started reads first. Kept, for it may take seconds, and there are many starts.

# Runs as a shell of its own, behind the line: the login shell may be one that knows no export. What belongs to this
# connection, directory or shell is left out.
lc_capture='lc_to=$LAZYCLUSTER_STATE/environment
unset LAZYCLUSTER_STATE LAZYCLUSTER_LEASE WORKING_DIR PWD OLDPWD SHLVL _
unset SSH_CLIENT SSH_CONNECTION SSH_TTY SSH_AUTH_SOCK
umask 077
export -p >"$lc_to"'

# LINE: refuses what fails, with what it printed. What it started carries the lease, and ends with the runtime.
lc_prepare() {
  printf '%s\n' "$1" >"$lc_state/setup"
  printf '%s\n' "$lc_capture" >"$lc_state/capture"
  lc_login=${SHELL:-/bin/sh} lc_word=. lc_option=-l
  [ -x "$lc_login" ] || lc_login=/bin/sh
  case ${lc_login##*/} in
    csh | tcsh) lc_word=source lc_option='' ;;
    fish) lc_word=source ;;
    nologin | false) lc_login=/bin/sh ;;
  esac
  IFS= read -r lc_where <"$lc_state/directory"
  (
    umask "$lc_umask"
    LAZYCLUSTER_LEASE=$lc_id LAZYCLUSTER_STATE=$lc_state WORKING_DIR=${lc_where#* }
    export LAZYCLUSTER_LEASE LAZYCLUSTER_STATE WORKING_DIR
    cd "$WORKING_DIR" || exit
    # shellcheck disable=SC2086
    lc_bound 60 "$lc_login" $lc_option -c \
      "$lc_word \"\$LAZYCLUSTER_STATE/setup\" && exec /bin/sh \"\$LAZYCLUSTER_STATE/capture\""
  ) </dev/null >"$lc_state/setup.log" 2>&1
  lc_code=$?
  if [ "$lc_code" != 0 ] || [ ! -s "$lc_state/environment" ]; then
    lc_error=$(tail -c 4096 "$lc_state/setup.log" | tail -n 20 | tr '\t\n\r' ' \t ')
    lc_finish 5 >/dev/null
    lc_refuse setup "$lc_code$lc_tab$lc_error"
  fi
  rm -f -- "$lc_state/setup" "$lc_state/capture" "$lc_state/setup.log"
}
