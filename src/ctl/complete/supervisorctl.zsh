#compdef supervisorctl supvisorsctl supervisord
# Completion of supervisorctl, supvisorsctl and supervisord for zsh.
# Load it after compinit with: source <(supervisorctl completion zsh)
# or keep it as a file _supervisorctl in a folder of $fpath.

_supervisorctl() {
    local ask=${(Q)words[1]} line
    local -a answer items
    [[ $ask == *supervisord ]] && ask=${ask%d}ctl
    answer=("${(@f)$("${ask/#\~\//$HOME/}" --complete zsh \
        "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    case $answer[1] in
        '') return 1 ;;
        :files) _files; return ;;
        :directories) _files -/; return ;;
    esac
    for line in $answer; do
        # name:what it does; a colon in a name is escaped
        line="${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}"
        items+=("${line%:}")
    done
    _describe -t values value items
}

if [[ $funcstack[1] == _supervisorctl ]]; then
    _supervisorctl "$@"
else
    compdef _supervisorctl supervisorctl supvisorsctl supervisord
fi
