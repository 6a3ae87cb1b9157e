//! The place of a message: the encrypted column and the row that it was written for.
//!
//! Public keys are public: whoever may write a row can write a message to its readers, and this takes nothing from him.
//! But a message that is already there, and whose text he need not know, must not pass for another patient's. So each
//! names its place, inside of what is encrypted and authenticated, as the file name of its literal packet; and whoever
//! decrypts compares.

use std::rc::Rc;

use health_crypto_core::digest::Digest;
use health_crypto_core::openpgp::Certificate;
use pgrx::pg_sys;

use crate::encrypt::recipients;
use crate::error::{Error, Result, Table};
use crate::pg::caller::RunAs;
use crate::pg::spi::{Session, Snapshot};

/// An encrypted column.
pub struct Place {
    /// Its identity: random, and the same after a rename, in a dump and on a replica.
    pub id: String,
    /// The table, as it was named when the column was registered.
    pub table: Table,
    /// The column.
    pub column: String,
    /// The table's primary key.
    pub key_column: String,
    /// The fingerprints that messages are encrypted to.
    pub recipients: Vec<String>,
    /// Those that are always among them.
    pub recovery: Vec<String>,
}

const COLUMNS: &str = "SELECT e.place, e.table_schema::text, e.table_name::text, e.column_name::text, e.key_column::text, \
                       pg_catalog.array_remove(e.recipients, NULL), pg_catalog.array_remove(e.recovery, NULL) FROM health_crypto.encrypted_column e ";

impl Place {
    /// The place of an id.
    pub fn of_id(session: &Session, id: &str) -> Result<Option<Place>> {
        Place::read(
            session,
            &format!("{COLUMNS} WHERE e.place = $1"),
            vec![id.into()],
        )
    }

    /// The place of a column: by the trigger on it, which follows a renamed table; without one, by name.
    pub fn of_column(session: &Session, table: pg_sys::Oid, column: &str) -> Result<Option<Place>> {
        // A trigger whose column is gone was for the same column under an earlier name, if there is but one.
        const BY_TRIGGER: &str = "JOIN pg_catalog.pg_trigger t ON t.tgrelid = $1 \
              AND t.tgfoid = 'health_crypto.encrypt_written()'::pg_catalog.regprocedure AND NOT t.tgisinternal \
            CROSS JOIN LATERAL pg_catalog.string_to_array(pg_catalog.encode(t.tgargs, 'escape'), '\\000') a (args) \
            WHERE e.place = a.args[1] AND (e.column_name::text = $2 OR NOT EXISTS \
                  (SELECT FROM pg_catalog.pg_attribute c WHERE c.attrelid = $1 AND c.attname = e.column_name \
                      AND NOT c.attisdropped)) \
            ORDER BY e.column_name::text = $2 DESC, e.place LIMIT 1";
        const BY_NAME: &str = "JOIN pg_catalog.pg_namespace n ON n.nspname = e.table_schema \
            JOIN pg_catalog.pg_class r ON r.relnamespace = n.oid AND r.relname = e.table_name \
            WHERE r.oid = $1 AND e.column_name::text = $2";
        let arguments = || vec![table.into(), column.into()];
        match Place::read(session, &format!("{COLUMNS} {BY_TRIGGER}"), arguments())? {
            Some(place) => Ok(Some(place)),
            None => Place::read(session, &format!("{COLUMNS} {BY_NAME}"), arguments()),
        }
    }

    fn read(
        session: &Session,
        sql: &str,
        arguments: Vec<crate::pg::spi::Arg>,
    ) -> Result<Option<Place>> {
        let _role = RunAs::registrar();
        let rows = session.run(sql, arguments, Snapshot::Fresh)?;
        let place = || {
            Some(Place {
                id: rows.string(0, 1)?,
                table: Table {
                    schema: rows.string(0, 2)?,
                    name: rows.string(0, 3)?,
                },
                column: rows.string(0, 4)?,
                key_column: rows.string(0, 5)?,
                recipients: rows.get(0, 6)?,
                recovery: rows.get(0, 7)?,
            })
        };
        Ok(place())
    }

    /// The file name that binds a message to the row of that key.
    pub fn file_name(&self, key: &str) -> String {
        file_name(&self.id, key)
    }

    /// The certificates that messages are encrypted to: recipients and recovery.
    ///
    /// # Errors
    /// 22023 if one is no longer in the keyring: nothing is encrypted to the rest only.
    pub fn certificates(&self, session: &Session) -> Result<Vec<Rc<Certificate>>> {
        let fingerprints: Vec<&str> = self
            .recipients
            .iter()
            .chain(&self.recovery)
            .map(String::as_str)
            .collect();
        let _role = RunAs::registrar();
        let rows = session.run(
            "SELECT c.fingerprint, c.certificate FROM health_crypto.certificate c WHERE c.fingerprint = ANY ($1) ORDER BY 1",
            vec![fingerprints.clone().into()],
            Snapshot::Fresh,
        )?;
        let certificates = recipients::all(&rows);
        for fingerprint in fingerprints {
            if !certificates
                .iter()
                .any(|c| c.fingerprint().as_str() == fingerprint)
            {
                return Err(self.unusable(fingerprint, "is not in the keyring any more"));
            }
        }
        Ok(certificates)
    }

    /// A recipient of the column that cannot be encrypted to. Its fingerprint is public and tells which to replace.
    pub fn unusable(&self, fingerprint: &str, why: &str) -> Error {
        Error::BadArgument {
            what: format!(
                "recipient {fingerprint} of column \"{}\" of table \"{}\" {why}",
                self.column, self.table.name
            ),
            hint: "Name other recipients with health_crypto.encrypt_column(), or import the renewed certificate.",
        }
    }
}

/// See [`Place::file_name`].
pub fn file_name(place: &str, key: &str) -> String {
    let digest = Digest::of(&format!("{place}\n{key}")).to_string();
    let short: String = digest.chars().take(64).collect();
    format!("health_crypto:{short}")
}
