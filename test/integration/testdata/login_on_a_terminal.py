"""login(1) on a pseudoterminal, for the user in argv[1].

Each line of input is what the terminal must show, a tab, and what is typed then.
All that it showed is printed in the end.
"""
import os
import pty
import select
import sys
import time

steps = [line.rstrip("\n").split("\t") for line in sys.stdin]
child, terminal = pty.fork()
if child == 0:
    os.execv("/bin/login", ["login", "--", sys.argv[1]])
seen, shown, end = "", "", time.monotonic() + 15
while time.monotonic() < end:
    if select.select([terminal], [], [], 0.2)[0]:
        try:
            seen += os.read(terminal, 4096).decode(errors="replace")
        except OSError:
            break  # the program has ended
    if steps and steps[0][0] in seen:
        shown, seen = shown + seen, ""
        os.write(terminal, (steps.pop(0)[1] + "\n").encode())
os.close(terminal)
os.waitpid(child, 0)
print(shown + seen)
sys.exit(1 if steps else 0)
