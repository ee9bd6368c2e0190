# What the manager hears about the host before the guardian is ready.

lc_fact() { printf 'fact %s %s\n' "$1" "$2"; }

lc_bound() { # SECONDS argv: not longer than that, where timeout is there
  if command -v timeout >/dev/null; then timeout "$@"; else shift; "$@"; fi
}

# NAME: its path as lc_path, or nothing. `command -v` costs a process, and some shells answer it with their own applets.
lc_find() {
  lc_ifs=$IFS; IFS=:; set -f
  lc_path=''
  for lc_dir in $PATH; do
    if [ -f "$lc_dir/$1" ] && [ -x "$lc_dir/$1" ]; then lc_path=$lc_dir/$1; break; fi
  done
  set +f; IFS=$lc_ifs
}

# Slow programs run beside the rest.
lc_ask() {
  lc_find python3
  lc_python=$lc_path lc_asked=''
  if [ -n "$lc_python" ]; then
    lc_bound 20 python3 -S -c 'import sys; print(sys.version.split()[0]); print(sys.executable or "")' \
      </dev/null >"$lc_state/python" 2>/dev/null &
    lc_asked=$!
  fi
  lc_gpus=
  if command -v nvidia-smi >/dev/null; then
    lc_bound 20 nvidia-smi --query-gpu=index,name,memory.total --format=csv,noheader,nounits \
      </dev/null >"$lc_state/gpus" 2>/dev/null &
    lc_gpus=$!
  fi
}

lc_answers() {
  lc_version='' lc_path=''
  if [ -n "$lc_asked" ]; then
    wait "$lc_asked"
    { IFS= read -r lc_version; IFS= read -r lc_path; } <"$lc_state/python"
  fi
  # The program behind a shim starts faster, and everywhere the same.
  case $lc_version in [0-9]*) ;; *) lc_version='' lc_path='' ;; esac
  case $lc_path in /*) ;; *) lc_path=$lc_python ;; esac
  lc_fact python "$lc_version"
  lc_fact pythonPath "$lc_path"
  if [ -n "$lc_gpus" ] && wait "$lc_gpus"; then
    while IFS= read -r lc_part; do [ -z "$lc_part" ] || lc_fact gpu "$lc_part"; done <"$lc_state/gpus"
  fi
  rm -f -- "$lc_state/python" "$lc_state/gpus"
}

lc_facts() { # EXECUTABLE...
  lc_uname=$(uname -snrm)
  lc_system=${lc_uname%% *} lc_machine=${lc_uname##* }
  lc_part=${lc_uname#* }
  lc_os=
  if [ -r /etc/os-release ]; then
    while IFS='=' read -r lc_a lc_b; do
      if [ "$lc_a" = PRETTY_NAME ]; then lc_os=${lc_b#[\"\']}; lc_os=${lc_os%[\"\']}; break; fi
    done </etc/os-release
  fi
  [ -n "$lc_os" ] || { lc_os=${lc_part#* }; lc_os="$lc_system ${lc_os%% *}"; }
  lc_libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || lc_libc=
  if [ -z "$lc_libc" ]; then for lc_each in /lib/ld-musl-*; do [ ! -e "$lc_each" ] || lc_libc=musl; done; fi
  lc_fact system "$lc_system"
  lc_fact os "$lc_os"
  lc_fact machine "$lc_machine"
  lc_fact libc "$lc_libc"
  lc_fact hostname "${lc_part%% *}"
  lc_fact user "$(id -un 2>/dev/null || id -u)"
  lc_fact home "$HOME"
  lc_fact cache "${XDG_CACHE_HOME:-$HOME/.cache}/lazycluster"
  lc_fact bootId "$lc_boot_id"
  lc_fact network "$(readlink /proc/self/ns/net 2>/dev/null)"
  lc_affinity
  lc_memory=0
  if [ -r /proc/meminfo ]; then
    read -r _ lc_memory _ </proc/meminfo
    lc_memory=$((lc_memory * 1024))
  else
    lc_memory=$(sysctl -n hw.memsize 2>/dev/null || sysctl -n hw.physmem 2>/dev/null || echo 0)
  fi
  lc_cgroups
  [ "$lc_cores" -gt 0 ] || lc_cores=1
  lc_part=0$((lc_cores % 100))
  lc_fact cpus "$((lc_cores / 100)).${lc_part#"${lc_part%??}"}"
  lc_fact memory "$lc_memory"
  for lc_each; do
    lc_find "$lc_each"
    [ -z "$lc_path" ] || lc_fact executable "$lc_each $lc_path"
  done
  lc_answers
}
