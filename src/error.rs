//! Every error that the extension raises. No variant can hold record content, key material or free upstream text:
//! what they carry are names that a DBA gave (documents, columns, fields, functions) and numbers.

use std::fmt;

use pgrx::PgSqlErrorCode as Code;
use pgrx::pg_sys::panic::ErrorReport;

/// What went wrong. Each variant says who is at fault and maps to one SQLSTATE in [`Error::sqlstate`].
#[derive(Debug, Clone)]
pub enum Error {
    /// The caller named a document that nobody protected.
    UnknownDocument,
    /// The caller named a row that neither exists nor was ever sealed.
    UnknownKey { document: String },
    /// The caller gave an argument that cannot be used; `what` is a fixed sentence, `hint` what to do.
    BadArgument { what: String, hint: &'static str },
    /// The definition cannot be used; `what` names the function or field, never a value.
    BadDefinition { what: String, hint: &'static str },
    /// A type, format or version that this version does not know.
    Unsupported { what: String, hint: &'static str },
    /// A number that the profile cannot carry exactly.
    InexactNumber { field: String },
    /// JSON that cannot be read.
    MalformedJson { field: String },
    /// The same key twice in one JSON object.
    DuplicateJsonKey { field: String },
    /// Text that should be armored OpenPGP and is not.
    MalformedArmor,
    /// Bytes that should be binary OpenPGP and are not.
    MalformedBinary,
    /// A secret key was offered to the keyring.
    SecretKey,
    /// An input over a documented limit.
    TooLarge { what: &'static str },
    /// A write that would change a sealed document.
    Sealed {
        document: String,
        table: Table,
        breach: Breach,
        fields: Vec<String>,
    },
    /// A stored signature that does not verify; `word` is the signature word of the verdict.
    UnverifiedSignature {
        document: String,
        table: Table,
        word: &'static str,
    },
    /// The caller lacks a right.
    NotAllowed { what: String, hint: &'static str },
    /// A write on a standby.
    ReadOnly,
    /// Text that should be an armored encrypted message and is not.
    MalformedMessage,
    /// Text that should be an armored secret key and is not.
    MalformedSecretKey,
    /// A message that cannot be decrypted: the one answer to a wrong key, a wrong passphrase, a message for somebody else,
    /// a changed, truncated or damaged one, and contents that are no text or over a limit.
    Undecryptable,
    /// A message that was decrypted, and was written for another row or column.
    Misplaced { table: Table, column: String },
    /// A write of a message to an encrypted column that is encrypted to others than its recipients.
    OtherRecipients { table: Table, column: String },
    /// A write that changes the key of a row with a message that is bound to it.
    KeyOfMessage { table: Table, column: String },
    /// A row without a key, which no message can be bound to. BEFORE triggers see it before PostgreSQL refuses it.
    Keyless { table: Table },
    /// A statement run on a document's behalf failed (its definition, or storing its digest); `sqlstate` is its code, its
    /// message is withheld.
    DefinitionFailed { document: String, sqlstate: Code },
    /// A bug of ours.
    Bug(&'static str),
}

/// What a write would do to what is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    /// Delete the root row.
    Row,
    /// Change watched columns of the root row.
    Content,
    /// Replace the digest or the text.
    Text,
    /// Replace or remove the signature.
    Signature,
    /// Add a signature to one that does not verify.
    Countersignature,
    /// Add a second signature of one certificate.
    SignedTwice,
    /// Take a document that only its state seals out of its sealed state.
    State,
    /// Insert a child row.
    LineAdded,
    /// Change watched columns of a child row.
    LineChanged,
    /// Delete a child row.
    LineDeleted,
    /// Truncate one of the tables.
    Truncated,
    /// Seal with a text that the definition does not give.
    SuppliedText,
    /// Seal with a digest that is not that of the text.
    SuppliedDigest,
}

impl Breach {
    /// What would happen, for messages and for the register.
    pub fn words(self) -> &'static str {
        match self {
            Breach::Row => "its row would be deleted",
            Breach::Content => "its content would change",
            Breach::Text => "its digest or text would be replaced",
            Breach::Signature => "its signature would be replaced",
            Breach::Countersignature => "a signature would be added to one that does not verify",
            Breach::SignedTwice => "a certificate would sign it again",
            Breach::State => "it would leave its sealed state, and the register does not know it",
            Breach::LineAdded => "a line would be added",
            Breach::LineChanged => "a line would change",
            Breach::LineDeleted => "a line would be deleted",
            Breach::Truncated => "a table would be truncated",
            Breach::SuppliedText => "the text supplied is not what its definition gives",
            Breach::SuppliedDigest => "the digest supplied is not that of the text supplied",
        }
    }

    /// Whether it is the sealing itself that is refused, not a write to something sealed.
    pub fn is_of_sealing(self) -> bool {
        matches!(self, Breach::SuppliedText | Breach::SuppliedDigest)
    }
}

/// A table, for the error fields that clients read (schema and table name).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Table {
    /// Schema name, unquoted.
    pub schema: String,
    /// Table name, unquoted.
    pub name: String,
}

/// Result of everything that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The SQLSTATE of the contract (design, section 4).
    pub fn sqlstate(&self) -> Code {
        match self {
            Error::UnknownDocument
            | Error::UnknownKey { .. }
            | Error::BadArgument { .. }
            | Error::BadDefinition { .. }
            | Error::SecretKey => Code::ERRCODE_INVALID_PARAMETER_VALUE,
            Error::Unsupported { .. } => Code::ERRCODE_FEATURE_NOT_SUPPORTED,
            Error::InexactNumber { .. } => Code::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
            Error::MalformedJson { .. } => Code::ERRCODE_INVALID_JSON_TEXT,
            Error::DuplicateJsonKey { .. } => Code::ERRCODE_DUPLICATE_JSON_OBJECT_KEY_VALUE,
            Error::MalformedArmor | Error::MalformedMessage | Error::MalformedSecretKey => {
                Code::ERRCODE_INVALID_TEXT_REPRESENTATION
            }
            Error::MalformedBinary => Code::ERRCODE_INVALID_BINARY_REPRESENTATION,
            Error::TooLarge { .. } => Code::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            Error::Undecryptable => Code::ERRCODE_DATA_EXCEPTION,
            Error::Sealed { .. }
            | Error::UnverifiedSignature { .. }
            | Error::Misplaced { .. }
            | Error::OtherRecipients { .. }
            | Error::KeyOfMessage { .. } => Code::ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION,
            Error::Keyless { .. } => Code::ERRCODE_NOT_NULL_VIOLATION,
            Error::NotAllowed { .. } => Code::ERRCODE_INSUFFICIENT_PRIVILEGE,
            Error::ReadOnly => Code::ERRCODE_READ_ONLY_SQL_TRANSACTION,
            Error::DefinitionFailed { sqlstate, .. } => *sqlstate,
            Error::Bug(_) => Code::ERRCODE_INTERNAL_ERROR,
        }
    }

    /// The hint, if there is one.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::UnknownDocument => Some(
                "health_crypto.protect() registers a document, protect_gnuhealth() those of GNU Health.",
            ),
            Error::UnknownKey { .. } => {
                Some("Pass the primary key of a row of the document's root table.")
            }
            Error::BadArgument { hint, .. }
            | Error::BadDefinition { hint, .. }
            | Error::Unsupported { hint, .. }
            | Error::NotAllowed { hint, .. } => Some(hint),
            Error::InexactNumber { .. } => {
                Some("Cast the field to text in the definition, so that it is carried as a string.")
            }
            Error::MalformedJson { .. } => None,
            Error::DuplicateJsonKey { .. } => {
                Some("A JSON object in canonical form has each key once.")
            }
            Error::MalformedArmor => {
                Some("Pass the armored text as gpg --armor --export writes it.")
            }
            Error::MalformedBinary => Some("Pass the bytes as gpg --export writes them."),
            Error::SecretKey => Some("Export the public certificate only: gpg --armor --export."),
            Error::TooLarge { .. } => Some("The limits are listed in the README."),
            Error::Sealed { .. } => Some(
                "An administrator can let it be amended with health_crypto.reopen(document, key, reason).",
            ),
            Error::UnverifiedSignature { .. } => {
                Some("health_crypto.verify_signature(payload, signature) says why.")
            }
            Error::ReadOnly => Some("Write on the primary."),
            Error::MalformedMessage => Some(
                "Pass an armored message, as health_crypto.encrypt() and gpg --armor --encrypt write it.",
            ),
            Error::MalformedSecretKey => {
                Some("Pass one armored secret key, as gpg --armor --export-secret-keys writes it.")
            }
            Error::Undecryptable => None,
            Error::Misplaced { .. } => Some(
                "It was copied from there, or written by a program that did not bind it; health_crypto.decrypt() reads it.",
            ),
            Error::OtherRecipients { .. } => Some(
                "Write it in clear, or encrypted to exactly the column's recipients; health_crypto.reencrypt() shows them.",
            ),
            Error::KeyOfMessage { .. } => {
                Some("Write the column in clear in the same statement, or insert a new row.")
            }
            Error::Keyless { .. } => None,
            Error::DefinitionFailed { .. } => Some(
                "Run the definition, or the UPDATE, by itself for this key to see its message.",
            ),
            Error::Bug(_) => Some("Please report this."),
        }
    }

    /// The detail line, if there is one: names of fields, never their values.
    pub fn detail(&self) -> Option<String> {
        match self {
            Error::Sealed { fields, .. } if !fields.is_empty() => {
                Some(format!("Fields that differ: {}.", fields.join(", ")))
            }
            _ => None,
        }
    }

    /// Constraint name and table for the error fields of class 23.
    pub fn constraint(&self) -> Option<(&'static str, &Table)> {
        match self {
            Error::Sealed { table, .. } => Some(("health_crypto_sealed", table)),
            Error::UnverifiedSignature { table, .. } => Some(("health_crypto_signature", table)),
            Error::Misplaced { table, .. }
            | Error::KeyOfMessage { table, .. }
            | Error::Keyless { table } => Some(("health_crypto_place", table)),
            Error::OtherRecipients { table, .. } => Some(("health_crypto_recipients", table)),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::UnknownDocument => write!(f, "no document of that name is protected"),
            Error::UnknownKey { document } => {
                write!(f, "document \"{document}\" has no row with that key")
            }
            Error::BadArgument { what, .. }
            | Error::BadDefinition { what, .. }
            | Error::Unsupported { what, .. }
            | Error::NotAllowed { what, .. } => f.write_str(what),
            Error::InexactNumber { field } if field.is_empty() => {
                f.write_str("a number cannot be carried exactly in this profile")
            }
            Error::InexactNumber { field } => {
                write!(
                    f,
                    "the number in field \"{field}\" cannot be carried exactly in this profile"
                )
            }
            Error::MalformedJson { field } => {
                write!(f, "the JSON text of \"{field}\" cannot be read")
            }
            Error::DuplicateJsonKey { field } => {
                write!(f, "a JSON object of \"{field}\" has a key twice")
            }
            Error::MalformedArmor => {
                f.write_str("the text is not a readable armored OpenPGP certificate")
            }
            Error::MalformedBinary => {
                f.write_str("the bytes are not a readable OpenPGP certificate")
            }
            Error::SecretKey => f.write_str("secret keys are not accepted in the keyring"),
            Error::TooLarge { what } => write!(f, "{what} is over the limit"),
            Error::Sealed {
                document, breach, ..
            } if breach.is_of_sealing() => {
                write!(
                    f,
                    "document \"{document}\" cannot be sealed: {}",
                    breach.words()
                )
            }
            Error::Sealed {
                document, breach, ..
            } => {
                write!(f, "document \"{document}\" is sealed: {}", breach.words())
            }
            Error::UnverifiedSignature { document, word, .. } => {
                write!(
                    f,
                    "the signature of document \"{document}\" does not verify: {word}"
                )
            }
            Error::ReadOnly => f.write_str("cannot write during recovery"),
            Error::MalformedMessage => f.write_str("the text is not an armored OpenPGP message"),
            Error::MalformedSecretKey => {
                f.write_str("the text is not an armored OpenPGP secret key")
            }
            Error::Undecryptable => f.write_str("the message cannot be decrypted"),
            Error::Misplaced { table, column } => write!(
                f,
                "the message in column \"{column}\" of table \"{}\" was encrypted for another place",
                table.name
            ),
            Error::OtherRecipients { table, column } => write!(
                f,
                "the message for column \"{column}\" of table \"{}\" is encrypted to others than its recipients",
                table.name
            ),
            Error::KeyOfMessage { table, column } => write!(
                f,
                "the key of a row of table \"{}\" cannot change: the message in column \"{column}\" is bound to it",
                table.name
            ),
            Error::Keyless { table } => {
                write!(f, "a row of table \"{}\" has no key", table.name)
            }
            Error::DefinitionFailed { document, .. } => {
                write!(
                    f,
                    "a statement of document \"{document}\" failed; its message is withheld"
                )
            }
            Error::Bug(what) => write!(f, "health_crypto bug: {what}"),
        }
    }
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> ErrorReport {
        let mut report = ErrorReport::new(error.sqlstate(), error.to_string(), "");
        if let Some(detail) = error.detail() {
            report = report.set_detail(detail);
        }
        if let Some(hint) = error.hint() {
            report = report.set_hint(hint);
        }
        report
    }
}
