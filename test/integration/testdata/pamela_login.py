"""A web application's login: pamela, a few threads, passwords on stdin.

Each line of input is a user name, a blank and a password. All of them log in at
the same time; what became of each is printed in the order of the input.
"""
import sys
from concurrent.futures import ThreadPoolExecutor

import pamela


def log_in(line):
    user, password = line.rstrip("\n").split(" ", 1)
    try:
        pamela.authenticate(user, password, service=sys.argv[1])
        pamela.check_account(user, service=sys.argv[1])
        pamela.open_session(user, service=sys.argv[1])
        pamela.close_session(user, service=sys.argv[1])
    except pamela.PAMError as refusal:
        return f"{user}: refused: {refusal}"
    return f"{user}: in"


with ThreadPoolExecutor(max_workers=8) as pool:
    for answer in pool.map(log_in, sys.stdin):
        print(answer, flush=True)
