//! A place in a text that is being read.

/// Reads a text from left to right, byte by byte where the grammar is ASCII.
pub(super) struct Cursor<'t> {
    rest: &'t str,
}

impl<'t> Cursor<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { rest: text }
    }

    /// What has not been read.
    pub(super) const fn rest(&self) -> &'t str {
        self.rest
    }

    /// The next byte, not consumed.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.as_bytes().first().copied()
    }

    /// Consumes `token` if it comes next.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Consumes bytes as long as `ordinary` says so, and returns them; stops only between characters.
    pub(super) fn take_while(&mut self, ordinary: impl Fn(u8) -> bool) -> &'t str {
        let end = self
            .rest
            .bytes()
            .position(|byte| !ordinary(byte))
            .unwrap_or(self.rest.len());
        self.take(end).unwrap_or_default()
    }

    /// Consumes `length` bytes; `None`, consuming nothing, if there are fewer or a character would be cut.
    pub(super) fn take(&mut self, length: usize) -> Option<&'t str> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// Consumes exactly `width` hexadecimal digits.
    pub(super) fn take_hex(&mut self, width: usize) -> Option<u32> {
        let digits = self.take(width)?;
        // from_str_radix alone would take a sign.
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        u32::from_str_radix(digits, 16).ok()
    }
}
