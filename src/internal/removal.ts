/**
 * The line of shell that removes a directory.
 *
 * @since 0.1.0
 */

/**
 * `$1` is the directory, the others and what is above them are kept: exit code 4 then. Symbolic links are followed on the
 * way to it, or they could lead above what is kept; one at its place goes by itself. 3: there is no such directory.
 *
 * @internal
 */
export const line = [
  `[ -e "$1" ] || [ -L "$1" ] || exit 3`,
  `[ -L "$1" ] && exec rm -f -- "$1"`,
  `here=$(cd -P -- "$1" && pwd -P) || exit 3`,
  `[ "$here" != / ] || exit 4`,
  `target=$1`,
  `shift`,
  `for kept; do kept=$(cd -P -- "$kept" 2>/dev/null && pwd -P) || continue; case $kept/ in "$here"/*) exit 4 ;; esac; done`,
  `cd / && rm -rf -- "$target" 2>/dev/null || { chmod -R u+rwx -- "$target"; rm -rf -- "$target"; }`
].join("\n")
