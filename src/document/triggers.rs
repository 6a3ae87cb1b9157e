//! The triggers of a document: their names, their statements, and putting them on and taking them off.

use pgrx::spi::{quote_identifier, quote_literal, quote_qualified_identifier};

use crate::document::watch::{Part, Watch};
use crate::error::Result;
use crate::pg::spi::{Session, Snapshot};

/// The longest document name for which every trigger's name fits PostgreSQL's 63 bytes.
pub const LONGEST_NAME: usize = 36;

/// One trigger as it should be.
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// The CREATE statement.
    pub create: String,
    /// Whether it fires once a statement (TRUNCATE).
    pub is_statement: bool,
}

/// By what an UPDATE makes a watched table's triggers fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The columns that the statement names (`UPDATE OF`). Costs a statement that names none nothing.
    Name,
    /// The bytes of the row before and after (`WHEN record_image_ne`): a BEFORE trigger can change a column that the
    /// statement does not name. PostgreSQL reads such a condition from its text at each statement: 20 µs for ten columns,
    /// of the 45 that a one-row UPDATE takes (docs/PERFORMANCE.md).
    Bytes,
}

/// The triggers that a watched table should have. Those that an UPDATE's statement makes fire compare the bytes
/// themselves: an equality operator can call different texts equal (1.0 and 1.00).
fn wanted(document: &str, watch: &Watch, seal_columns: &[&str], by: By) -> Vec<Trigger> {
    if watch.part == Part::Reference {
        return Vec::new();
    }
    let table = quote_qualified_identifier(&watch.table.schema, &watch.table.name);
    let arguments = format!(
        "({}, {}, {})",
        quote_literal(document),
        quote_literal(&watch.table.schema),
        quote_literal(&watch.table.name)
    );
    let columns = watched_columns(watch, seal_columns);
    let image = |version: &str| -> String {
        let list: Vec<String> = columns
            .iter()
            .map(|c| format!("{version}.{}", quote_identifier(c)))
            .collect();
        format!("ROW({})", list.join(", "))
    };
    let (of, changed) = match by {
        By::Name => {
            let list: Vec<String> = columns.iter().map(quote_identifier).collect();
            (format!(" OF {}", list.join(", ")), String::new())
        }
        By::Bytes => (
            String::new(),
            format!(
                "WHEN (pg_catalog.record_image_ne({}, {})) ",
                image("OLD"),
                image("NEW")
            ),
        ),
    };
    let trigger = |kind: &str, before: &str, after: &str| {
        let name = format!("health_crypto_{kind}_{document}");
        let create = format!("{before} {} {after}{arguments}", quote_identifier(&name))
            .replace("@table@", &table);
        Trigger {
            name,
            create,
            is_statement: kind.ends_with("_truncate"),
        }
    };
    const GUARD: &str = "EXECUTE FUNCTION health_crypto.guard";
    const KEEP: &str = "EXECUTE FUNCTION health_crypto.keep";
    let deferred = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW";
    vec![
        trigger(
            "guard_rows",
            "CREATE TRIGGER",
            &format!("AFTER INSERT OR DELETE ON @table@ FOR EACH ROW {GUARD}"),
        ),
        trigger(
            "guard_update",
            "CREATE TRIGGER",
            &format!("AFTER UPDATE{of} ON @table@ FOR EACH ROW {changed}{GUARD}"),
        ),
        trigger(
            "guard_truncate",
            "CREATE TRIGGER",
            &format!("BEFORE TRUNCATE ON @table@ FOR EACH STATEMENT {GUARD}"),
        ),
        trigger(
            "keep_rows",
            "CREATE CONSTRAINT TRIGGER",
            &format!("AFTER INSERT OR DELETE ON @table@ {deferred} {KEEP}"),
        ),
        trigger(
            "keep_update",
            "CREATE CONSTRAINT TRIGGER",
            &format!("AFTER UPDATE{of} ON @table@ {deferred} {changed}{KEEP}"),
        ),
        trigger(
            "keep_truncate",
            "CREATE TRIGGER",
            &format!("AFTER TRUNCATE ON @table@ FOR EACH STATEMENT {KEEP}"),
        ),
    ]
}

/// The columns whose bytes count.
pub fn watched_columns<'w>(watch: &'w Watch, seal_columns: &[&'w str]) -> Vec<&'w str> {
    let mut columns: Vec<&str> = watch.columns.iter().map(String::as_str).collect();
    if watch.part == Part::Root {
        columns.extend(
            seal_columns
                .iter()
                .filter(|c| !watch.columns.iter().any(|w| w == *c)),
        );
    }
    columns
}

/// Creates a watched table's triggers, to fire whatever session_replication_role says, on partitions too.
pub fn create(
    session: &Session,
    document: &str,
    watch: &Watch,
    seal_columns: &[&str],
) -> Result<()> {
    let table = quote_qualified_identifier(&watch.table.schema, &watch.table.name);
    let changers = session.run(
        "SELECT EXISTS (SELECT FROM health_crypto.before_triggers($1::regclass))",
        vec![table.as_str().into()],
        Snapshot::Fresh,
    )?;
    let by = match changers.get(0, 1) {
        Some(false) => By::Name,
        _ => By::Bytes,
    };
    let wanted = wanted(document, watch, seal_columns, by);
    for trigger in &wanted {
        session.execute(&trigger.create)?;
        session.execute(&format!(
            "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {}",
            quote_identifier(&trigger.name)
        ))?;
    }
    let partitions = session.run(
        "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_partition_tree($1::regclass) t \
           JOIN pg_catalog.pg_class c ON c.oid = t.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
          WHERE t.level > 0 ORDER BY t.level, 1, 2",
        vec![table.as_str().into()],
        Snapshot::Fresh,
    )?;
    for row in 0..partitions.len() {
        let (Some(schema), Some(name)) = (partitions.text(row, 1), partitions.text(row, 2)) else {
            continue;
        };
        let partition = quote_qualified_identifier(schema, name);
        for trigger in &wanted {
            // Row triggers are cloned by PostgreSQL, statement triggers are not.
            if trigger.is_statement {
                session.execute(
                    &trigger
                        .create
                        .replace(&format!(" ON {table} "), &format!(" ON {partition} ")),
                )?;
            }
            session.execute(&format!(
                "ALTER TABLE {partition} ENABLE ALWAYS TRIGGER {}",
                quote_identifier(&trigger.name)
            ))?;
        }
    }
    Ok(())
}

/// Drops every trigger of a document, wherever it is.
pub fn drop_all(session: &Session, document: &str) -> Result<()> {
    let rows = session.run(
        "SELECT t.tgrelid::regclass::text, t.tgname::text FROM pg_catalog.pg_trigger t \
           JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid \
          WHERE f.pronamespace = 'health_crypto'::regnamespace AND f.proname IN ('guard', 'keep') \
            AND t.tgparentid = 0 AND t.tgname ~ ('^health_crypto_(guard|keep)_[a-z]+_' || $1 || '$') \
            AND pg_catalog.split_part(pg_catalog.encode(t.tgargs, 'escape'), '\\000', 1) = $1",
        vec![document.into()],
        Snapshot::Fresh,
    )?;
    for row in 0..rows.len() {
        if let (Some(table), Some(name)) = (rows.text(row, 1), rows.text(row, 2)) {
            session.execute(&format!(
                "DROP TRIGGER {} ON {table}",
                quote_identifier(name)
            ))?;
        }
    }
    Ok(())
}
