#!/usr/bin/env python3
"""Serves one directory on a free port of the loopback interface until it is killed; writes every request into a log.

    serve.py DIRECTORY LOG PORT_FILE
"""

import functools
import http.server
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, form, *args):
        with open(sys.argv[2], 'a', encoding='utf-8') as log:
            log.write(f'{self.command} {self.path}\n')


handler = functools.partial(Handler, directory=sys.argv[1])
with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
    with open(sys.argv[3], 'w', encoding='utf-8') as file:
        file.write(f'{server.server_address[1]}\n')
    server.serve_forever()
