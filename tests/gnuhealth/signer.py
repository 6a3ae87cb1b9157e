"""A health professional's OpenPGP key, in a GnuPG home that is thrown away."""

import os
import shutil
import subprocess
import tempfile


class Signer:
    def __init__(self, user='Ana Quiroga <ana.quiroga@hospital.example>'):
        self._home = tempfile.mkdtemp(prefix='gnupg-')  # short: a socket in it must fit in 108 bytes
        os.chmod(self._home, 0o700)
        self._user = user
        self._gpg('--passphrase', '', '--quick-generate-key', user, 'ed25519', 'sign', 'never')
        listing = self._gpg('--with-colons', '--list-keys')
        self.fingerprint = next(l for l in listing.splitlines() if l.startswith('fpr:')).split(':')[9]

    @property
    def home(self):
        """Its GnuPG home."""
        return self._home

    def certificate(self):
        """The armored certificate."""
        return self._gpg('--armor', '--export')

    def clearsign(self, text):
        """What GNU Health's client plugin makes of a digest."""
        return self._gpg('--clearsign', '--local-user', self.fingerprint, text=text)

    def close(self):
        subprocess.run(['gpgconf', '--homedir', self._home, '--kill', 'all'], check=False, capture_output=True)
        shutil.rmtree(self._home, ignore_errors=True)

    def _gpg(self, *arguments, text=''):
        answer = subprocess.run(
            ['gpg', '--homedir', self._home, '--batch', '--yes', '--quiet', '--no-tty', '--pinentry-mode', 'loopback',
             *arguments], input=text.encode(), capture_output=True, check=True)
        return answer.stdout.decode()
