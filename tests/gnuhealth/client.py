"""What a Tryton client sends and gets: GNU Health's own JSON-RPC entry, without a network."""

import base64
import secrets

from application import ADMINISTRATOR


class Refused(Exception):
    """The server answered with an error.

    A Tryton client opens its message box for `UserError` and its "application error" box, with `message` in it, for
    everything else.
    """

    def __init__(self, error):
        super().__init__(repr(error))
        self.error = error
        known = 'UserError', 'UserWarning', 'ConcurrencyException'
        self.kind = error[0] if error[0] in known else 'Application Error'
        self.message = error[1][0] if self.kind == 'UserError' else error[0]


class Client:
    """A session of the administrator, whose password is set to a random one."""

    def __init__(self, application):
        from trytond.wsgi import app
        from werkzeug.test import Client as Http
        self._http = Http(app)
        self._path = f'/{application.database}/'
        password = secrets.token_urlsafe(24)
        with application.transaction(user=0):
            User = application.model('res.user')
            User.write([User(ADMINISTRATOR)], {'password': password})
        user, key = self._post('common.db.login', ['admin', {'password': password}, 'en'], {})
        token = base64.b64encode(f'admin:{user}:{key}'.encode()).decode()
        self._headers = {'Authorization': f'Session {token}'}

    def call(self, model, method, *arguments, **context):
        """Calls a method of a model; the context goes last, as clients send it. Raises Refused."""
        return self._post(f'model.{model}.{method}', [*arguments, context], self._headers)

    def _post(self, method, params, headers):
        from trytond.protocols.jsonrpc import JSONDecoder, JSONEncoder
        import json
        answer = self._http.post(
            self._path, headers={'Accept': 'application/json', **headers}, content_type='application/json',
            data=json.dumps({'id': 1, 'method': method, 'params': params}, cls=JSONEncoder))
        if answer.status_code != 200:
            raise Refused([f'HTTP {answer.status}', ''])
        body = json.loads(answer.get_data(as_text=True), object_hook=JSONDecoder())
        if body.get('error'):
            raise Refused(body['error'])
        return body.get('result')
