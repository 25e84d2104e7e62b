# Completion of supervisorctl, supvisorsctl and supervisord for fish.
# Keep it as ~/.config/fish/completions/supervisorctl.fish
# or load it with: supervisorctl completion fish | source

function __supervisorctl_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l ask (string replace -r 'supervisord$' supervisorctl -- $words[1])
    set -l answer ($ask --complete fish $words "$word" 2>/dev/null)
    switch "$answer[1]"
        case ':files'
            __fish_complete_path "$word"
        case ':directories'
            __fish_complete_directories "$word"
        case '*'
            printf '%s\n' $answer
    end
end

complete -c supervisorctl -f -a '(__supervisorctl_complete)'
complete -c supvisorsctl -f -a '(__supervisorctl_complete)'
complete -c supervisord -f -a '(__supervisorctl_complete)'
