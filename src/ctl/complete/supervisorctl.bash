# Completion of supervisorctl, supvisorsctl and supervisord for bash.
# Load it with: source <(supervisorctl completion bash)

_supervisorctl() {
    local answer ask=$1
    [[ $ask == *supervisord ]] && ask=${ask%d}ctl
    answer=$("${ask/#\~\//$HOME/}" --complete bash \
        "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
    COMPREPLY=()
    case $answer in
        '') ;;
        :files) compopt -o default ;;
        :directories) compopt -o plusdirs ;;
        *) mapfile -t COMPREPLY <<<"$answer" ;;
    esac
}

complete -F _supervisorctl supervisorctl supvisorsctl supervisord
