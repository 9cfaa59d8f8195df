"""Posts a form with requests to the URL given, and prints the answer."""

import sys

import requests

fields = [
    ("title", "Tee \u2764 \u8c37\nzwei"),
    ("tags", "a"),
    ("tags", "b"),
    ("place.name", "Z\u00fcrich"),
    ("count", "7"),
]
files = [
    ("files", ('\u8c37 "1".png', b"\x89PNG\r\n\x1a\n\x00\xff", "image/png")),
    ("files", ("a\\b;c.txt", b"--\r\nx", "text/plain")),
    ("blob", ("raw.bin", b"raw")),
    ("extra", (None, '{"k":[1,null]}', "application/json")),
]
session = requests.Session()
# No proxy between this machine and itself.
session.trust_env = False
answer = session.post(sys.argv[1], data=fields, files=files, timeout=60)
answer.raise_for_status()
sys.stdout.write(answer.text)
