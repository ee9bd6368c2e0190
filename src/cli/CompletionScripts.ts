/**
 * The scripts that make a shell ask `lazycluster` itself what may stand where somebody presses Tab. They know no commands, so that they
 * are never out of date.
 *
 * @since 0.1.0
 */

// Readline splits words at = and :, and replaces only what stands after them.
const bash = `# bash completion for lazycluster: eval "$(lazycluster completions bash)"
_lazycluster() {
  local line="\${COMP_LINE:0:COMP_POINT}" current="" candidate meaning cut
  local -a typed
  read -ra typed <<<"$line"
  case "$line" in *[[:space:]]) typed+=("") ;; esac
  current="\${typed[\${#typed[@]}-1]}"
  cut="\${current%"\${current##*[=:]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate meaning; do
    case "$candidate" in
      :files) compopt -o filenames 2>/dev/null; COMPREPLY+=($(IFS=$'\\n'; compgen -f -- "\${current#"$cut"}")) ;;
      :directories) compopt -o filenames 2>/dev/null; COMPREPLY+=($(IFS=$'\\n'; compgen -d -- "\${current#"$cut"}")) ;;
      *) COMPREPLY+=("\${candidate#"$cut"}") ;;
    esac
  done < <("\${typed[0]}" __complete "\${typed[@]:1}" 2>/dev/null)
}
complete -F _lazycluster lazycluster
`

const zsh = `#compdef lazycluster
# zsh completion for lazycluster, after compinit: eval "$(lazycluster completions zsh)"
_lazycluster() {
  local line candidate
  local -a described
  for line in "\${(@f)$("\${words[1]}" __complete "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    candidate="\${line%%$'\\t'*}"
    case "$candidate" in
      "") ;;
      :files) _files ;;
      :directories) _files -/ ;;
      *) described+=("\${candidate//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( \${#described} )) && _describe lazycluster described
}
if [ "\${funcstack[1]}" = _lazycluster ]; then _lazycluster "$@"; else compdef _lazycluster lazycluster; fi
`

const fish = `# fish completion for lazycluster: lazycluster completions fish | source
function __lazycluster_complete
  set -l typed (commandline -opc)
  for line in ($typed[1] __complete $typed[2..-1] (commandline -ct) 2>/dev/null)
    switch $line
      case :files
        __fish_complete_path (commandline -ct)
      case :directories
        __fish_complete_directories (commandline -ct)
      case '*'
        echo $line
    end
  end
end
complete -c lazycluster -f -a '(__lazycluster_complete)'
`

/**
 * The scripts by shell.
 *
 * @since 0.1.0
 * @category constructors
 */
export const scripts: ReadonlyMap<string, string> = new Map([["bash", bash], ["zsh", zsh], ["fish", fish]])
