#!/bin/sh
# A worker: asks redis for a sign of life every second.
while :; do
    redis-cli -s "$1" PING | sed "s/^/+/"
    sleep 1
done
