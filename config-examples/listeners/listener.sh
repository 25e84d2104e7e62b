#!/bin/sh
# An event listener in plain sh: writes every event to a file, its name and then its body.
#
#   listener.sh FILE
#
# The protocol: say READY, read a header line and as many bytes as its len says (the pool has
# event_length = bytes), do the
# work, answer OK or FAIL; an event answered with FAIL comes again. Standard output belongs
# to the protocol: speak on standard error.

file=${1:?usage: listener.sh FILE}

while printf 'READY\n' && read -r header; do
    for field in $header; do
        case $field in
        eventname:*) name=${field#eventname:} ;;
        len:*) length=${field#len:} ;;
        esac
    done
    # the x keeps the newlines at the end of the body
    body=$(head -c "$length" && echo x)
    if printf '%s\n%s\n' "$name" "${body%x}" 2>/dev/null >>"$file"; then
        printf 'RESULT 2\nOK'
    else
        printf 'RESULT 4\nFAIL'
    fi
done
