"""A keyring file of nearly 16 MiB, as hexadecimal digits: certificates that nobody made, with as many signatures that
claim to be the key's own as may be, each of which has to be checked.

    dear_keyring.py CERTIFICATE
"""

import base64
import re
import sys

LIMIT = 16 << 20
OWN_SIGNATURES = 300


def packets(data):
    """Tag and bytes of each packet, header included (RFC 9580 section 4.2)."""
    place = 0
    while place < len(data):
        start, first = place, data[place]
        if first & 0x40:
            tag, length = first & 0x3F, data[place + 1]
            place += 2
            if 192 <= length < 224:
                length = (length - 192) * 256 + data[place] + 192
                place += 1
            elif length == 255:
                length = int.from_bytes(data[place:place + 4], 'big')
                place += 4
        else:
            size = 1 << (first & 3)
            tag, length = (first & 0x3C) >> 2, int.from_bytes(data[place + 1:place + 1 + size], 'big')
            place += 1 + size
        place += length
        yield tag, data[start:place]


def main():
    with open(sys.argv[1], encoding='ascii') as file:
        body = re.search(r'\n\n(.*?)\n(=....\n)?-----END', file.read(), re.S).group(1)
    parts = list(packets(base64.b64decode(body)))
    key = next(data for tag, data in parts if tag == 6)
    user = next(data for tag, data in parts if tag == 13)
    signature = next(data for tag, data in parts if tag == 2)
    out = bytearray()
    for number in range(4096):
        certificate = bytearray(key)
        certificate[-1] ^= number & 0xFF  # another key each time
        certificate[-2] ^= number >> 8
        certificate += user
        for copy in range(OWN_SIGNATURES):
            changed = bytearray(signature)
            changed[-1] ^= copy & 0xFF  # none is a repetition of another
            changed[-2] ^= copy >> 8
            certificate += changed
        if len(out) + len(certificate) > LIMIT:
            break
        out += certificate
    print(out.hex())


if __name__ == '__main__':
    main()
