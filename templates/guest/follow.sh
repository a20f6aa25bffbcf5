#!/bin/bash
# Runs a command that only prints for as long as somebody listens. sshd tells a command nothing of a connection that ended, and one with
# nothing more to print would stay in the VM; but stdin, which nobody writes to, ends with the connection.
exec 3<&0 </dev/null
"$@" 3<&- &
printing=$!
{
  read -r -u 3
  kill "$printing"
} >/dev/null 2>&1 &
# By its number: when it has ended already, the current job is the other one, and nobody would wait for that.
disown "$!" 2>/dev/null
exec 3<&-
wait "$printing"
code=$?
kill "$!" 2>/dev/null
exit "$code"
