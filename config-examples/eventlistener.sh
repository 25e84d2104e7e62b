# The listener of eventlistener.conf: logs the header of every event it gets.
while :; do
    printf 'READY\n'
    read -r header || exit 0
    len=${header##*len:}
    body=$(dd bs=1 count="${len%% *}" 2>/dev/null)
    echo "$header / $body" >&2
    printf 'RESULT 2\nOK'
done
