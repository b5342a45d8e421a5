"""Sends what proxies and servers might read differently through a proxy with TLS, on many connections at once, while honest
viewers check that every answer is the one to their own request.

smuggle.py PORT NAME PATH WHOLE ATTEMPTS: the file at PATH is that of WHOLE; ATTEMPTS has the bytes of one in each line.
"""

import http.client
import socket
import ssl
import sys
import threading

PORT, NAME, PATH, WHOLE, ATTEMPTS = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5]
with open(WHOLE, "rb") as file:
    whole = file.read()
with open(ATTEMPTS, encoding="ascii") as file:
    attempts = [bytes.fromhex(line) for line in file.read().split("\n")]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
# So that the answer to whatever was taken for a request before is followed by the end.
LAST = f"GET /robots.txt HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode()
wrong = []
ended = threading.Event()


def connect():
    return context.wrap_socket(socket.create_connection(("127.0.0.1", PORT), timeout=20), server_hostname=NAME)


def attempt(number):
    try:
        with connect() as connection:
            connection.sendall(attempts[number] + LAST)
            connection.settimeout(1)
            while connection.recv(1 << 16):
                pass
    except OSError:
        # Refused, cut off, or waited for more: all of it is as good.
        pass


def attack(first):
    for number in range(first, len(attempts), 16):
        attempt(number)


def honest(place):
    served = 0
    connection = None
    while not ended.is_set() or served < 20:
        place = (place * 31 + 7) % (len(whole) - 100)
        if connection is None:
            connection = http.client.HTTPSConnection("127.0.0.1", PORT, timeout=20, context=context)
        fields = {"Host": NAME, "Range": f"bytes={place}-{place + 99}"}
        connection.request("GET", PATH, headers=fields)
        answer = connection.getresponse()
        body = answer.read()
        expected = f"bytes {place}-{place + 99}/{len(whole)}"
        if answer.status != 206 or answer.getheader("Content-Range") != expected or body != whole[place:place + 100]:
            wrong.append(f"{answer.status} {answer.getheader('Content-Range')} instead of {expected}")
            return
        served += 1


viewers = [threading.Thread(target=honest, args=(place,)) for place in (1, 2, 3, 4)]
attackers = [threading.Thread(target=attack, args=(first,)) for first in range(16)]
for thread in viewers + attackers:
    thread.start()
for thread in attackers:
    thread.join()
ended.set()
for thread in viewers:
    thread.join()
print(f"{len(attempts)} attempts", *wrong, sep="\n")
sys.exit(1 if wrong else 0)
